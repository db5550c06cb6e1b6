//! Which deployment a call asks, and which one after it has failed.
//!
//! A state machine for each call, over a [`Table`] of the deployments that rest, which all calls of a provider share. It reads no
//! clock and sends nothing: the engine hands it the time and the table, asks what to do next, and does it.

mod cause;
mod table;

use std::time::Duration;

pub use self::cause::Cause;
pub use self::table::Table;
use self::table::{LONGEST_TRIAL, Rest, milliseconds};
use crate::contract::types::ProviderError;
use crate::core::config::{Failover, Retries};
use crate::core::deployment::Candidate;
use crate::core::retry;

/// The course of one call over the deployments that may answer it.
#[derive(Clone, Debug)]
pub struct Course {
    candidates: Vec<Stop>,
    /// The one that is asked.
    present: usize,
    is_begun: bool,
    /// It stays with the present one as long as it can.
    stays: bool,
    /// The present one failed before, and this call tries it.
    is_trial: bool,
    failover: Failover,
    settings: Retries,
    /// How often the call has waited.
    pub retries: u64,
    /// How often, and how long in all, it has waited for the present one although another was free.
    waits_here: u64,
    waited_here: Duration,
    /// How often it has looked whether the trial of another call is over.
    looks: u32,
}

/// A deployment, and what became of it in this call.
#[derive(Clone, Debug)]
struct Stop {
    candidate: Candidate,
    /// It has failed since the last wait.
    is_tried: bool,
    /// It would refuse the call again, however long it waits.
    is_out: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// Ask the candidate with this number.
    Ask(usize),
    /// Wait so long, and choose again: all of them rest. It is one of the call's retries.
    Wait(Duration),
    /// Wait so long, and choose again: another call is trying one.
    Look(Duration),
    /// Give up: none can be asked in the time that a call may wait.
    GiveUp,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Failed {
    /// Wait so long, and ask the same one again.
    Wait(Duration),
    /// Let it rest, and choose again.
    Leave(Cause),
    /// The error is the caller's.
    Final,
}

impl Course {
    /// A call that may be answered by these, of which there is at least one.
    pub fn new(candidates: Vec<Candidate>, failover: Failover, settings: Retries) -> Self {
        let stop = |candidate| Stop {
            candidate,
            is_tried: false,
            is_out: false,
        };
        Self {
            candidates: candidates.into_iter().map(stop).collect(),
            present: 0,
            is_begun: false,
            stays: false,
            is_trial: false,
            failover,
            settings,
            retries: 0,
            waits_here: 0,
            waited_here: Duration::ZERO,
            looks: 0,
        }
    }

    /// Whether there is a choice at all.
    pub fn has_choice(&self) -> bool {
        self.candidates.len() > 1
    }

    /// Whether they are at more than one endpoint.
    pub fn has_several_endpoints(&self) -> bool {
        let mut stops = self.candidates.iter();
        stops.any(|stop| stop.candidate.resource != self.present().resource)
    }

    /// Only those at the endpoint of the present one may answer, which is the first.
    pub fn stay_at_endpoint(&mut self) {
        let resource = self.present().resource;
        self.candidates
            .retain(|stop| stop.candidate.resource == resource);
    }

    /// The one that is asked.
    pub fn present(&self) -> &Candidate {
        &self.candidates[self.present].candidate
    }

    /// The one with this number.
    pub fn candidate(&self, number: usize) -> &Candidate {
        &self.candidates[number].candidate
    }

    /// Why the present one rests, if it does.
    pub fn cause_to_rest(&self, table: &Table, now: u64) -> Option<Cause> {
        table.rest(self.present(), now).map(|rest| rest.cause)
    }

    /// Chooses, at a time in milliseconds since 1970. `busy` says how many calls a candidate has.
    ///
    /// A call stays where it is as long as it can. Otherwise it goes to the first that does not rest, or to that with the fewest
    /// calls. Where all rest, it waits for the first that may be asked again.
    pub fn choose(&self, table: &Table, busy: impl Fn(&Candidate) -> u64, now: u64) -> Choice {
        let is_free = |(_, stop): &(usize, &Stop)| {
            !stop.is_out && !stop.is_tried && table.rest(&stop.candidate, now).is_none()
        };
        let stops = || self.candidates.iter().enumerate();
        if self.stays && stops().nth(self.present).is_some_and(|stop| is_free(&stop)) {
            return Choice::Ask(self.present);
        }
        let free = match self.failover.is_least_busy {
            true => stops()
                .filter(is_free)
                .min_by_key(|(_, stop)| busy(&stop.candidate)),
            false => stops().find(is_free),
        };
        if let Some((number, _)) = free {
            return Choice::Ask(number);
        }
        let mut soonest: Option<&Rest> = None;
        let mut trial: Option<&Rest> = None;
        for (_, stop) in stops().filter(|(_, stop)| !stop.is_out) {
            let Some(rest) = table
                .rest(&stop.candidate, now)
                .filter(|rest| rest.cause.passes())
            else {
                continue;
            };
            let first = if rest.is_trial {
                &mut trial
            } else {
                &mut soonest
            };
            if first.is_none_or(|first| rest.until < first.until) {
                *first = Some(rest);
            }
        }
        let left = |rest: &Rest| Duration::from_millis(rest.until.saturating_sub(now));
        if let Some(trial) = trial
            && self.looks < MAX_LOOKS
        {
            return Choice::Look(left(trial).min(BETWEEN_LOOKS));
        }
        match soonest.map(left) {
            Some(wait) if self.may_wait() && wait <= self.settings.max_delay => Choice::Wait(wait),
            // Waiting mends none of them: the first says best what is wrong.
            None if !self.is_begun && trial.is_none() => Choice::Ask(0),
            _ => Choice::GiveUp,
        }
    }

    /// The call asks this one. `is_trial` as the table has said.
    pub fn ask(&mut self, number: usize, is_trial: bool) {
        if number != self.present {
            self.waits_here = 0;
            self.waited_here = Duration::ZERO;
        }
        self.present = number;
        self.is_begun = true;
        self.stays = true;
        self.is_trial = is_trial;
    }

    /// The call has waited, so that each may be asked once more, in their order.
    pub fn waited(&mut self, choice: Choice) {
        self.stays = false;
        if matches!(choice, Choice::Look(_)) {
            self.looks += 1;
        } else {
            self.retries += 1;
        }
        for stop in &mut self.candidates {
            stop.is_tried = false;
        }
    }

    /// Whether the table has to know that the present one has answered.
    pub fn answered(&mut self) -> bool {
        std::mem::take(&mut self.is_trial)
    }

    /// What to do after the present one has failed.
    pub fn failed(&mut self, error: &ProviderError, random: [u8; 16]) -> Failed {
        let Some(cause) = Cause::of(error) else {
            return Failed::Final;
        };
        let asked = error.retry_after_ms.map(Duration::from_millis);
        if error.retryable
            && cause.is_worth_waiting()
            && !self.is_trial
            && self.may_wait()
            && let Some(delay) = retry::delay(&self.settings, self.waits_here, asked, random)
            && self.waited_here.saturating_add(delay) <= self.failover.after
        {
            self.waits_here += 1;
            self.waited_here += delay;
            self.retries += 1;
            return Failed::Wait(delay);
        }
        let stop = &mut self.candidates[self.present];
        stop.is_tried = true;
        stop.is_out |= !error.retryable;
        Failed::Leave(cause)
    }

    /// Notes in the table what an error says of the present one, at a time in milliseconds since 1970.
    pub fn note(&self, error: &ProviderError, table: &mut Table, now: u64) {
        let candidate = self.present();
        match Cause::of(error) {
            Some(cause) if !cause.is_of_request() => {
                let asked = error.retry_after_ms.map(Duration::from_millis);
                table.fail(candidate, cause, asked, self.is_trial, now);
            }
            // It has answered, and could not do otherwise.
            _ if self.is_trial && error.status.is_some() => table.succeed(candidate),
            _ => {}
        }
    }

    /// Which of the others rest, why, and for how many milliseconds: for the caller who gets none of them.
    pub fn resting<'a>(
        &'a self,
        table: &'a Table,
        now: u64,
    ) -> impl Iterator<Item = (&'a Candidate, Cause, u64)> {
        self.candidates.iter().filter_map(move |stop| {
            let rest = table.rest(&stop.candidate, now)?;
            Some((&stop.candidate, rest.cause, rest.until - now))
        })
    }

    fn may_wait(&self) -> bool {
        self.retries < self.settings.most
    }
}

/// A time since 1970 in milliseconds, as the table has it.
pub fn moment(time: Duration) -> u64 {
    milliseconds(time)
}

/// How often a call looks whether the trial of another is over: as long as a trial may take.
const MAX_LOOKS: u32 = LONGEST_TRIAL.as_secs() as u32;

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
