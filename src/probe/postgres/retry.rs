//! What is worth asking again: only what time alone can fix, and never a rejected user or password. A locked account
//! and a log full of failed logins would be the user's.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::Stop;
use crate::record::finding::{Ending, PostgresFinding};

/// A server that starts, stops or fails over: so long it is asked again.
const STARTING_FOR: Duration = Duration::from_secs(10);
/// Cloud Run's direct VPC egress may take a minute before an instance's first packets get through.
const FIRST_MINUTE: Duration = Duration::from_secs(60);
/// A server that has just ended listens again soon, if it does.
const REFUSED_FOR: Duration = Duration::from_secs(2);
/// A full server may free a slot at any moment, but the service meets the same server.
const SLOTS_TRIES: u32 = 3;
/// A cut may be a restart's; a second one is a finding.
const CUT_TRIES: u32 = 2;
/// The first pause; each further one is longer by half, up to the longest.
const PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// What is known of whoever is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The longest that anything is worth waiting for.
    pub most: Duration,
    /// How old the network is through which the gate dials, where that is direct VPC egress.
    pub direct_vpc_age: Option<Duration>,
}

impl Patience {
    /// How long, and how many times, a step is made in all, for what it saw; `None`: once.
    fn bound(&self, finding: &PostgresFinding) -> Option<(Duration, u32)> {
        let young = self.direct_vpc_age.and_then(|age| FIRST_MINUTE.checked_sub(age));
        let (long, tries) = match finding {
            PostgresFinding::LoginRefused { sqlstate, .. }
            | PostgresFinding::QueryFailed { sqlstate, .. } => match sqlstate.as_str() {
                "57P01" | "57P02" | "57P03" => (STARTING_FOR, u32::MAX),
                "53300" => (STARTING_FOR, SLOTS_TRIES),
                _ => return None,
            },
            PostgresFinding::Cut { ending: Ending::Closed | Ending::Lost { .. }, .. } => {
                (STARTING_FOR / 4, CUT_TRIES)
            }
            PostgresFinding::Refused { .. } => (young.unwrap_or(REFUSED_FOR).max(REFUSED_FOR), u32::MAX),
            PostgresFinding::TimedOut { .. } | PostgresFinding::Unreachable { .. } => (young?, u32::MAX),
            // Silence has taken its whole time already; nonsense stays nonsense.
            PostgresFinding::Cut { .. }
            | PostgresFinding::NameUnresolvable { .. }
            | PostgresFinding::NotPostgres { .. }
            | PostgresFinding::TlsUnsupported { .. }
            | PostgresFinding::CertificateInvalid { .. }
            | PostgresFinding::ClientCertificateRefused { .. }
            | PostgresFinding::TlsFailed { .. }
            | PostgresFinding::ServerUnproven { .. }
            | PostgresFinding::SessionUnwanted { .. } => return None,
        };
        Some((long.min(self.most), tries))
    }

    /// The pause after which the step is worth another try; `None`: it is not. `tries` were made, the first `elapsed`
    /// ago; `chance` is from 0 to 1, so that many gates do not knock in step.
    fn pause(
        &self,
        finding: &PostgresFinding,
        tries: u32,
        elapsed: Duration,
        chance: f64,
    ) -> Option<Duration> {
        let (long, most) = self.bound(finding)?;
        if tries >= most {
            return None;
        }
        let growth = 1.5_f64.powi(i32::try_from(tries.saturating_sub(1).min(20)).unwrap_or(20));
        let pause = PAUSE.mul_f64(growth).min(LONGEST_PAUSE).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        (elapsed + pause < long).then_some(pause)
    }
}

/// Makes a step again as long as time may fix what it sees, and tells `seen` what it has seen so far.
pub async fn insist<'a, T>(
    patience: Patience,
    step: impl FnMut() -> BoxFuture<'a, Result<T, Stop>> + Send,
    seen: impl FnMut(&PostgresFinding) + Send,
) -> Result<T, Stop> {
    by_clock(&Real(Instant::now()), patience, step, seen).await
}

/// The time that passes, and the waiting for it.
trait Clock: Sync {
    /// Since the first try.
    fn elapsed(&self) -> Duration;
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()>;
}

struct Real(Instant);

impl Clock for Real {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        Box::pin(sleep(pause))
    }
}

async fn by_clock<'a, T>(
    clock: &dyn Clock,
    patience: Patience,
    mut step: impl FnMut() -> BoxFuture<'a, Result<T, Stop>> + Send,
    mut seen: impl FnMut(&PostgresFinding) + Send,
) -> Result<T, Stop> {
    let mut tries = 0;
    loop {
        let finding = match step().await {
            Err(Stop::Found(finding)) => finding,
            end => return end,
        };
        tries += 1;
        let Some(pause) = patience.pause(&finding, tries, clock.elapsed(), chance()) else {
            return Err(finding.into());
        };
        seen(&finding);
        clock.sleep(pause).await;
    }
}

/// From 0 to 1. It guards nothing: the standard library's random hash keys are enough.
fn chance() -> f64 {
    f64::from(u16::try_from(RandomState::new().hash_one(0_u8) & 0xffff).unwrap_or_default()) / 65535.0
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    use super::*;
    use crate::record::finding::Stage;

    const PATIENT: Patience = Patience { most: Duration::from_secs(60), direct_vpc_age: None };

    fn refused(sqlstate: &str) -> PostgresFinding {
        PostgresFinding::LoginRefused {
            sqlstate: sqlstate.to_owned(),
            message: String::new(),
            user: "u".to_owned(),
            database: "d".to_owned(),
            tls: false,
            stage: Stage::BeforeProof,
            certificate_missed: false,
            other_way: None,
            routine: None,
        }
    }

    fn timed_out() -> PostgresFinding {
        PostgresFinding::TimedOut { addresses: Vec::new(), after_ms: 1, others: Vec::new() }
    }

    fn cut(ending: Ending) -> PostgresFinding {
        PostgresFinding::Cut { address: ([127, 0, 0, 1], 1).into(), step: "login".to_owned(), ending }
    }

    /// A clock on which nothing passes but what is waited for.
    #[derive(Default)]
    struct Fake(AtomicU64);

    impl Clock for Fake {
        fn elapsed(&self) -> Duration {
            Duration::from_micros(self.0.load(Ordering::Relaxed))
        }

        fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
            self.0.fetch_add(u64::try_from(pause.as_micros()).unwrap(), Ordering::Relaxed);
            Box::pin(std::future::ready(()))
        }
    }

    /// How often a step was made that always sees the same, and how long that was waited for.
    async fn made(patience: Patience, finding: PostgresFinding) -> (u32, Duration) {
        let (count, clock) = (AtomicU32::new(0), Fake::default());
        let step = || -> BoxFuture<'_, Result<(), Stop>> {
            count.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::ready(Err(finding.clone().into())))
        };
        let end = by_clock(&clock, patience, step, |_| {}).await;
        assert_eq!(end, Err(finding.clone().into()), "the last end is given");
        (count.load(Ordering::Relaxed), clock.elapsed())
    }

    #[tokio::test]
    async fn only_what_time_mends_is_asked_again() {
        for sqlstate in ["28P01", "28000", "3D000", "42501", "55000", "XX000", "42704", "22023"] {
            assert_eq!(made(PATIENT, refused(sqlstate)).await, (1, Duration::ZERO), "{sqlstate}");
        }
        for ending in [Ending::NoMessage, Ending::Silence { after_ms: 1 }, Ending::TooManyRounds { most: 1 }]
        {
            assert_eq!(made(PATIENT, cut(ending)).await.0, 1);
        }
        assert_eq!(made(PATIENT, timed_out()).await.0, 1);
    }

    #[tokio::test]
    async fn a_starting_server_is_given_ten_seconds() {
        for sqlstate in ["57P01", "57P02", "57P03"] {
            let (tries, long) = made(PATIENT, refused(sqlstate)).await;
            assert!((5..=30).contains(&tries), "{tries}");
            assert!((Duration::from_secs(6)..Duration::from_secs(10)).contains(&long), "{long:?}");
        }
    }

    #[tokio::test]
    async fn slots_cuts_and_refusals_are_asked_for_shortly() {
        assert_eq!(made(PATIENT, refused("53300")).await.0, 3);
        assert_eq!(made(PATIENT, cut(Ending::Closed)).await.0, 2);
        let (tries, long) =
            made(PATIENT, PostgresFinding::Refused { addresses: Vec::new(), others: Vec::new() }).await;
        assert!(tries > 1 && long < REFUSED_FOR, "{tries} {long:?}");
    }

    #[tokio::test]
    async fn silence_is_worth_a_minute_where_direct_vpc_egress_is_young() {
        let aged = |seconds| Patience { direct_vpc_age: Some(Duration::from_secs(seconds)), ..PATIENT };
        let (tries, long) = made(aged(10), timed_out()).await;
        assert!(tries > 5 && long > Duration::from_secs(40) && long < Duration::from_secs(50), "{long:?}");
        assert_eq!(made(aged(61), timed_out()).await.0, 1);
    }

    #[tokio::test]
    async fn nothing_is_waited_for_longer_than_is_worth_it_there() {
        let none = Patience { most: Duration::ZERO, direct_vpc_age: Some(Duration::ZERO) };
        for finding in [refused("57P03"), refused("53300"), cut(Ending::Closed), timed_out()] {
            assert_eq!(made(none, finding).await, (1, Duration::ZERO));
        }
    }

    #[tokio::test]
    async fn what_mends_is_taken() {
        let tries = AtomicU32::new(0);
        let step = || -> BoxFuture<'_, Result<u32, Stop>> {
            let tried = tries.fetch_add(1, Ordering::Relaxed) + 1;
            Box::pin(async move { if tried < 3 { Err(refused("57P03").into()) } else { Ok(tried) } })
        };
        let mut seen = 0;
        assert_eq!(by_clock(&Fake::default(), PATIENT, step, |_| seen += 1).await, Ok(3));
        assert_eq!(seen, 2);
    }

    proptest::proptest! {
        #[test]
        fn pauses_grow_and_stay_bounded(tries in 1_u32..1000, chance in -1.0..2.0_f64) {
            let pause = PATIENT.pause(&refused("57P03"), tries, Duration::ZERO, chance).unwrap();
            proptest::prop_assert!(pause >= PAUSE / 2 && pause <= LONGEST_PAUSE);
        }
    }
}
