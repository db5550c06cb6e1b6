//! What holds for every course, shown with thousands that a generator makes: many calls at once, over deployments that fail as they
//! like, with a clock that the test turns.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::contract::types::ErrorKind;
use crate::core::deployment::{Deployment, Rule};

#[test]
fn whatever_happens_a_call_ends_and_what_rests_is_left_alone() {
    for seed in 0..WORLDS {
        let mut random = Random(seed);
        let mut world = World::new(&mut random, 2);
        while world.step(&mut random) {}
        world.check(seed);
    }
}

#[test]
fn while_one_answers_no_call_is_lost() {
    for seed in 0..WORLDS {
        let mut random = Random(seed);
        // An endpoint that cannot be reached takes all of its deployments with it.
        let mut world = World::new(&mut random, 1);
        let sound = random.below(world.deployments.len() as u64) as usize;
        world.deployments[sound] = Behaviour::Sound;
        while world.step(&mut random) {}
        world.check(seed);
        for call in &world.calls {
            assert_eq!(call.outcome, Some(true), "{seed}");
        }
    }
}

#[test]
fn one_call_tries_what_has_rested_and_all_others_go_elsewhere() {
    let candidates = candidates(2);
    let mut table = Table::default();
    let error = error(ErrorKind::QuotaExceeded, None);
    let mut first = course(&candidates);
    first.ask(0, false);
    assert_eq!(first.failed(&error, [0; 16]), Failed::Leave(Cause::Quota));
    first.note(&error, &mut table, 0);
    // For five seconds nobody asks it.
    for now in [0, 2_500, 4_999] {
        assert_eq!(
            course(&candidates).choose(&table, |_| 0, now),
            Choice::Ask(1)
        );
    }
    // Then the first of two hundred.
    let mut tries = 0;
    for _ in 0..200 {
        let Choice::Ask(number) = course(&candidates).choose(&table, |_| 0, 5_000) else {
            panic!("a call is lost");
        };
        tries += usize::from(number == 0);
        let is_trial = table.begin(&candidates[number], 5_000);
        assert_eq!(is_trial, number == 0);
    }
    assert_eq!(tries, 1);
    // It never comes back: after half a minute another one may.
    assert_eq!(
        course(&candidates).choose(&table, |_| 0, 34_999),
        Choice::Ask(1)
    );
    assert_eq!(
        course(&candidates).choose(&table, |_| 0, 35_000),
        Choice::Ask(0)
    );
    // That one is answered, and all come back.
    assert!(table.begin(&candidates[0], 35_000));
    table.succeed(&candidates[0]);
    assert_eq!(table, Table::default());
    assert_eq!(
        course(&candidates).choose(&table, |_| 0, 35_000),
        Choice::Ask(0)
    );
}

#[test]
fn while_another_call_tries_the_only_one_the_others_look_again() {
    let candidates = candidates(2);
    let mut table = Table::default();
    for candidate in &candidates {
        table.fail(candidate, Cause::Unavailable, None, false, 0);
    }
    assert!(table.begin(&candidates[0], 5_000));
    assert!(table.begin(&candidates[1], 5_000));
    let mut waiting = course(&candidates);
    let look = waiting.choose(&table, |_| 0, 5_000);
    assert_eq!(look, Choice::Look(Duration::from_secs(1)));
    waiting.waited(look);
    assert_eq!(waiting.retries, 0);
    table.succeed(&candidates[1]);
    assert_eq!(waiting.choose(&table, |_| 0, 6_000), Choice::Ask(1));
}

#[test]
fn calls_that_fail_together_have_failed_once() {
    let candidates = candidates(1);
    let mut table = Table::default();
    for _ in 0..200 {
        table.fail(&candidates[0], Cause::Unavailable, None, false, 0);
    }
    assert!(table.rest(&candidates[0], 4_999).is_some());
    assert!(table.rest(&candidates[0], 5_000).is_none());
    // The longest wait that the service asked one of them for.
    table.fail(
        &candidates[0],
        Cause::RateLimit,
        Some(Duration::from_secs(9)),
        false,
        0,
    );
    table.fail(
        &candidates[0],
        Cause::RateLimit,
        Some(Duration::from_secs(7)),
        false,
        1_000,
    );
    assert!(table.rest(&candidates[0], 8_999).is_some());
    assert!(table.rest(&candidates[0], 9_000).is_none());
}

#[test]
fn the_table_is_read_as_it_was_written_and_never_grows_too_long() {
    let mut table = Table::default();
    for number in 0..500 {
        let candidate = Candidate {
            resource: number % 7,
            deployment: Deployment {
                name: format!("{}\"\n{number}", "x".repeat(number)),
                ..candidates(1)[0].deployment.clone()
            },
            is_provisioned: false,
        };
        let asked = Some(Duration::from_secs(1 + number as u64));
        table.fail(&candidate, Cause::RateLimit, asked, false, 0);
        let text = table.written();
        assert!(text.len() <= Table::MAX_BYTES);
        let read = Table::read(&text, 0);
        assert_eq!(Table::read(&read.written(), 0), read);
        // What rests longest is kept.
        assert!(read.rest(&candidate, 0).is_some(), "{number}");
    }
}

/// Everything that there is: deployments, the table, and calls.
struct World {
    now: u64,
    table: Table,
    candidates: Vec<Candidate>,
    deployments: Vec<Behaviour>,
    calls: Vec<Call>,
    /// For each deployment, when it was asked, and whether as a trial.
    asked: Vec<Vec<(u64, bool)>>,
    /// How often one was asked while the table said that it rests.
    disturbed: usize,
}

#[derive(Clone, Copy)]
enum Behaviour {
    Sound,
    /// Fails so many times in a hundred.
    Weak(u64),
    Dead,
}

struct Call {
    course: Course,
    state: State,
    next: u64,
    asks: usize,
    outcome: Option<bool>,
}

enum State {
    Choosing,
    Waiting(Choice),
    Pausing,
    Asking,
}

impl World {
    fn new(random: &mut Random, at_each_endpoint: usize) -> Self {
        let mut candidates = candidates(2 + random.below(3) as usize);
        for (number, candidate) in candidates.iter_mut().enumerate() {
            candidate.resource = number / at_each_endpoint;
        }
        let deployments = candidates
            .iter()
            .map(|_| match random.below(4) {
                0 => Behaviour::Sound,
                1 => Behaviour::Dead,
                _ => Behaviour::Weak(random.below(100)),
            })
            .collect();
        let calls = (0..1 + random.below(12)).map(|_| Call {
            course: course(&candidates),
            state: State::Choosing,
            next: random.below(30_000),
            asks: 0,
            outcome: None,
        });
        Self {
            now: 0,
            table: Table::default(),
            calls: calls.collect(),
            asked: vec![Vec::new(); candidates.len()],
            disturbed: 0,
            candidates,
            deployments,
        }
    }

    /// Lets the next thing happen. Whether there is one.
    fn step(&mut self, random: &mut Random) -> bool {
        let next = self
            .calls
            .iter_mut()
            .filter(|call| call.outcome.is_none())
            .min_by_key(|call| call.next);
        let Some(call) = next else {
            return false;
        };
        self.now = self.now.max(call.next);
        let now = self.now;
        // As the shared state does it: written, and read again.
        self.table = Table::read(&self.table.written(), now);
        match std::mem::replace(&mut call.state, State::Choosing) {
            State::Pausing => {}
            State::Choosing => match call.course.choose(&self.table, |_| 0, now) {
                Choice::Ask(number) => {
                    let candidate = &self.candidates[number];
                    let rest = self.table.rest(candidate, now);
                    self.disturbed += usize::from(rest.is_some_and(|rest| rest.cause.passes()));
                    let is_trial = self.table.begin(candidate, now);
                    self.asked[number].push((now, is_trial));
                    call.course.ask(number, is_trial);
                    call.asks += 1;
                    call.next = now + random.below(20_000);
                    call.state = State::Asking;
                }
                choice @ (Choice::Wait(wait) | Choice::Look(wait)) => {
                    call.next = now + milliseconds(wait);
                    call.state = State::Waiting(choice);
                }
                Choice::GiveUp => call.outcome = Some(false),
            },
            State::Waiting(choice) => call.course.waited(choice),
            State::Asking => {
                let deployment = self
                    .candidates
                    .iter()
                    .position(|candidate| candidate == call.course.present())
                    .unwrap();
                let fails = match self.deployments[deployment] {
                    Behaviour::Sound => false,
                    Behaviour::Weak(chance) => random.below(100) < chance,
                    Behaviour::Dead => true,
                };
                if !fails {
                    if call.course.answered() {
                        self.table.succeed(&self.candidates[deployment]);
                    }
                    call.outcome = Some(true);
                    return true;
                }
                let kinds = [
                    ErrorKind::RateLimit,
                    ErrorKind::QuotaExceeded,
                    ErrorKind::Unavailable,
                    ErrorKind::Timeout,
                    ErrorKind::Network,
                    ErrorKind::ContextLength,
                    ErrorKind::NotFound,
                ];
                let kind = kinds[random.below(kinds.len() as u64) as usize];
                let wait = (random.below(2) == 0).then(|| random.below(90_000));
                let error = error(kind, wait);
                match call.course.failed(&error, [0; 16]) {
                    Failed::Wait(wait) => {
                        call.next = now + milliseconds(wait);
                        call.state = State::Pausing;
                    }
                    Failed::Leave(_) => call.course.note(&error, &mut self.table, now),
                    Failed::Final => panic!("each of these goes on"),
                }
            }
        }
        true
    }

    fn check(&self, seed: u64) {
        assert_eq!(self.disturbed, 0, "{seed}");
        for call in &self.calls {
            let most = (1 + SETTINGS.most as usize) * self.candidates.len();
            assert!(call.asks <= most, "{seed}: {} times", call.asks);
            assert!(call.course.retries <= SETTINGS.most, "{seed}");
        }
        // One trial at a time.
        for asked in &self.asked {
            let trials = asked.iter().filter(|(_, is_trial)| *is_trial);
            let times: Vec<u64> = trials.map(|(now, _)| *now).collect();
            assert!(times.is_sorted(), "{seed}");
        }
    }
}

fn candidates(count: usize) -> Vec<Candidate> {
    let candidate = |number: usize| Candidate {
        resource: number,
        deployment: Deployment {
            name: format!("d{number}"),
            logical_model: "gpt-4.1".to_owned(),
            rule: Rule::Mapping,
        },
        is_provisioned: false,
    };
    (0..count).map(candidate).collect()
}

fn course(candidates: &[Candidate]) -> Course {
    let failover = Failover {
        after: Duration::from_secs(5),
        is_least_busy: false,
    };
    Course::new(candidates.to_vec(), failover, SETTINGS)
}

fn error(kind: ErrorKind, retry_after_ms: Option<u64>) -> ProviderError {
    ProviderError {
        retry_after_ms,
        ..ProviderError::new(kind, "")
    }
}

const WORLDS: u64 = 500;

const SETTINGS: Retries = Retries {
    most: 5,
    min_delay: Duration::from_secs(1),
    max_delay: Duration::from_secs(60),
    jitter: false,
};

/// A sequence that looks random, and is always the same.
struct Random(u64);

impl Random {
    /// A number below this one: splitmix64.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % limit
    }
}
