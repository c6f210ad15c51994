//! One life of the daemon: from its start to its end, orderly or not.

use jiff::Timestamp;
use regie::control::{Controller, Desk};
use site::record::CycleRecord;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::mpsc;

/// A history that may not grow beyond this is that of a full disk, bytes.
const FULL_BYTES: u64 = 1;

/// What is done to a daemon that cannot help it.
#[derive(Debug, Default)]
struct Grip {
    /// It is not woken.
    stalled: bool,
    /// It dies when it has been woken so many times more.
    dies_after: Option<u32>,
    dead: bool,
    disk_full: bool,
    waker: Option<Waker>,
}

/// A running daemon. When this is dropped, or told so, it is gone as after `kill -9`.
pub(super) struct Life {
    grip: Arc<Mutex<Grip>>,
    records: mpsc::UnboundedReceiver<CycleRecord>,
    desk: Desk,
    task: tokio::task::JoinHandle<()>,
}

impl Life {
    /// Lets a controller run on its own.
    pub(super) fn begin(controller: Controller) -> Self {
        let grip = Arc::new(Mutex::new(Grip::default()));
        let (sender, records) = mpsc::unbounded_channel();
        let desk = controller.desk();
        let run = run(controller, Arc::clone(&grip), sender);
        let task = tokio::spawn(Held { grip: Arc::clone(&grip), inner: Some(Box::pin(run)) });
        Self { grip, records, desk, task }
    }

    /// Where people hand things in.
    pub(super) fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// The cycles since the last call.
    pub(super) fn records(&mut self) -> Vec<CycleRecord> {
        std::iter::from_fn(|| self.records.try_recv().ok()).collect()
    }

    /// It is killed when it has been woken so many times more.
    pub(super) fn kill_after(&self, wakes: u32) {
        self.grip(|grip| grip.dies_after = Some(wakes));
    }

    /// Keeps it from being woken, or lets it.
    pub(super) fn stall(&self, stalled: bool) {
        self.grip(|grip| grip.stalled = stalled);
    }

    /// From its next cycle on the disk is full, or no longer.
    pub(super) fn fill_disk(&self, full: bool) {
        lock(&self.grip).disk_full = full;
    }

    /// Kills it at once, and waits until nothing of it is left.
    pub(super) async fn kill(self) {
        self.grip(|grip| grip.dies_after = Some(0));
        // A daemon that panicked is as gone as one that was killed; its last words are printed.
        let _ = self.task.await;
    }

    fn grip(&self, change: impl FnOnce(&mut Grip)) {
        let mut grip = lock(&self.grip);
        change(&mut grip);
        if let Some(waker) = grip.waker.take() {
            waker.wake();
        }
    }
}

async fn run(
    mut controller: Controller,
    grip: Arc<Mutex<Grip>>,
    records: mpsc::UnboundedSender<CycleRecord>,
) {
    let mut full = false;
    loop {
        let wanted = lock(&grip).disk_full;
        if wanted != full {
            full = wanted;
            controller.limit_history(full.then_some(FULL_BYTES));
        }
        let record = controller.next_cycle().await;
        if records.send(record).is_err() {
            return;
        }
    }
}

/// A future in somebody's grip.
struct Held<F> {
    grip: Arc<Mutex<Grip>>,
    inner: Option<Pin<Box<F>>>,
}

impl<F: Future<Output = ()>> Future for Held<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let stalled = {
            let mut grip = lock(&self.grip);
            grip.waker = Some(cx.waker().clone());
            match &mut grip.dies_after {
                Some(0) => grip.dead = true,
                Some(wakes) => *wakes -= 1,
                None => {}
            }
            if grip.dead {
                drop(grip);
                self.inner = None;
                return Poll::Ready(());
            }
            grip.stalled
        };
        match &mut self.inner {
            Some(inner) if !stalled => inner.as_mut().poll(cx),
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        }
    }
}

fn lock(grip: &Mutex<Grip>) -> MutexGuard<'_, Grip> {
    grip.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an instant is called in a report.
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
