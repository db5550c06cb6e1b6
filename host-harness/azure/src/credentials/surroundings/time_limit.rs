//! Limits on time, which a test lets pass when it likes.

#[cfg(test)]
use std::sync::Arc;
use std::time::Duration;

/// How long something may take.
#[derive(Clone)]
pub(in crate::credentials) enum TimeLimit {
    /// This long.
    Of(Duration),
    /// Until a test says so.
    #[cfg(test)]
    Until(Arc<tokio::sync::Notify>),
}

impl TimeLimit {
    /// What the future gives, if it gives it in time. Dropped when the time has passed.
    pub(in crate::credentials) async fn enforce<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = self.passed() => None,
        }
    }

    async fn passed(&self) {
        match self {
            Self::Of(duration) => tokio::time::sleep(*duration).await,
            #[cfg(test)]
            Self::Until(told) => told.notified().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_in_time_counts_and_nothing_else() {
        let limit = TimeLimit::Of(Duration::ZERO);
        assert_eq!(limit.enforce(async { 1 }).await, Some(1));
        assert_eq!(limit.enforce(std::future::pending::<()>()).await, None);
    }
}
