//! The commands that wait for one link, the urgent ones first.

use crate::error::FieldError;
use site::Mono;
use site::command::{Authority, Command, Guarded};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

/// Commands of one priority that may wait for one link. More are refused and sent again later.
pub(crate) const QUEUE_MAX: usize = 64;

/// What is to be written for one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    /// The command's own registers.
    pub(crate) command: bool,
    /// The heartbeat, with its next number.
    pub(crate) heartbeat: Option<u16>,
}

/// A guarded command for one unit of the link.
pub(crate) struct Job {
    /// The unit's place in the link.
    pub(crate) unit: usize,
    /// What the guard let through.
    pub(crate) command: Guarded<Command>,
    /// What of it is to be written.
    pub(crate) parts: Parts,
    /// When it was acknowledged, or why it was not.
    pub(crate) reply: oneshot::Sender<Result<Mono, FieldError>>,
}

impl Job {
    /// Which of the waiting goes first: interlocks, then people and the grid's operator, then
    /// plans and programs.
    fn priority(&self) -> usize {
        match self.command.get().authority {
            Authority::Interlock => 0,
            Authority::Operator | Authority::External => 1,
            Authority::Plan | Authority::Program => 2,
        }
    }
}

#[derive(Default)]
struct Waiting {
    by_priority: [VecDeque<Job>; 3],
    closed: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where commands go in. Dropping it ends the link once what waits is served.
pub(crate) struct Sender(Arc<Shared>);

/// Where the link takes them out.
pub(crate) struct Receiver(Arc<Shared>);

/// An empty queue. Its lists take no memory until something waits.
pub(crate) fn queue() -> (Sender, Receiver) {
    let shared = Arc::new(Shared::default());
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl Sender {
    /// Lets a command wait; gives it back when too many of its priority do.
    pub(crate) fn send(&self, job: Job) -> Result<(), Job> {
        let mut waiting = self.0.lock();
        let list = &mut waiting.by_priority[job.priority()];
        if list.len() >= QUEUE_MAX {
            return Err(job);
        }
        list.push_back(job);
        drop(waiting);
        self.0.changed.notify_one();
        Ok(())
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().by_priority.iter().map(VecDeque::len).sum()
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl Receiver {
    /// The next command, if one waits.
    pub(crate) fn take(&self) -> Option<Job> {
        self.0.lock().by_priority.iter_mut().find_map(VecDeque::pop_front)
    }

    /// Waits for the next command; `None` once nobody can send one any more.
    pub(crate) async fn next(&self) -> Option<Job> {
        loop {
            if let Some(job) = self.take() {
                return Some(job);
            }
            if self.is_over() {
                return None;
            }
            self.0.changed.notified().await;
        }
    }

    /// Nobody can send commands any more, and none waits.
    pub(crate) fn is_over(&self) -> bool {
        let waiting = self.0.lock();
        waiting.closed && waiting.by_priority.iter().all(VecDeque::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use site::command::Setpoint;
    use site::{AssetId, DeviceId};

    fn job(asset: &str, authority: Authority) -> Job {
        let command = Guarded::by_guard(Command {
            asset: AssetId::new(asset).expect("a name"),
            device: DeviceId::new("pump1").expect("a name"),
            setpoint: Setpoint::Run,
            authority,
        });
        let (reply, _) = oneshot::channel();
        Job { unit: 0, command, parts: Parts { command: true, heartbeat: None }, reply }
    }

    #[tokio::test(start_paused = true)]
    async fn the_urgent_go_first_and_equals_in_their_order() {
        let (sender, receiver) = queue();
        for (asset, authority) in [
            ("a", Authority::Program),
            ("b", Authority::Plan),
            ("c", Authority::Operator),
            ("d", Authority::Interlock),
            ("e", Authority::External),
        ] {
            assert!(sender.send(job(asset, authority)).is_ok());
        }
        drop(sender);
        let mut order = Vec::new();
        while let Some(job) = receiver.next().await {
            order.push(job.command.get().asset.to_string());
        }
        assert_eq!(order, ["d", "c", "e", "a", "b"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_list_refuses_and_the_urgent_still_find_room() {
        let (sender, receiver) = queue();
        for _ in 0..QUEUE_MAX {
            assert!(sender.send(job("a", Authority::Plan)).is_ok());
        }
        assert!(sender.send(job("a", Authority::Plan)).is_err());
        assert!(sender.send(job("stop", Authority::Interlock)).is_ok());
        let first = receiver.next().await.expect("one waits");
        assert_eq!(first.command.get().asset.as_str(), "stop");
        assert_eq!(sender.len(), QUEUE_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_woken_by_a_command_and_by_the_end() {
        let (sender, receiver) = queue();
        let waiting = tokio::spawn(async move {
            let first = receiver.next().await.is_some();
            (first, receiver.next().await.is_none())
        });
        tokio::task::yield_now().await;
        assert!(sender.send(job("a", Authority::Plan)).is_ok());
        tokio::task::yield_now().await;
        drop(sender);
        assert_eq!(waiting.await.expect("no panic"), (true, true));
    }
}
