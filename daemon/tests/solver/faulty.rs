//! A solver's process that does what it should not. It is this test's own program, started once
//! more and told by its arguments what to do wrong in the one test below; the daemon's program can
//! do nothing of the kind.

use regie::solver::wire::{Reply, Request};
use regie::solver::{
    Answer, Bench, MEMORY_BYTES_MAX, Program, Solver, confine, connection, frame, serve,
};
use site::units::Ratio;
use std::io::Write;
use std::os::unix::net::UnixStream;

/// What is wrong with the second answer; all others are as they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// Prints much, and answers well.
    Prints,
    /// Text where a frame should be.
    Garbage,
    /// A frame with one byte changed.
    Damaged,
    /// A frame that announces four gigabytes.
    Huge,
    /// A message that is no answer.
    NoAnswer,
    /// Half a frame, and then nothing.
    Cut,
    /// Half a frame, and then the end of the process.
    Short,
    /// Closes the connection and lives on.
    Closes,
    /// The answer to the question before.
    Another,
    /// Two answers to the question before, so that one is left over.
    Twice,
    /// A plan with lamps seven times as bright as they are, and batteries seven times full.
    Absurd,
    /// A plan whose cost is not a number.
    NotANumber,
    Exits,
    Aborts,
    Panics,
    /// Takes memory without end.
    Hoards,
    /// Does not come back.
    Hangs,
}

pub(crate) const FAULTS: [Fault; 18] = [
    Fault::Nothing,
    Fault::Prints,
    Fault::Garbage,
    Fault::Damaged,
    Fault::Huge,
    Fault::NoAnswer,
    Fault::Cut,
    Fault::Short,
    Fault::Closes,
    Fault::Another,
    Fault::Twice,
    Fault::Absurd,
    Fault::NotANumber,
    Fault::Exits,
    Fault::Aborts,
    Fault::Panics,
    Fault::Hoards,
    Fault::Hangs,
];

impl Fault {
    /// A solver whose process has this fault.
    pub(crate) fn solver(self) -> Solver {
        let program = std::env::current_exe().expect("this test's own program");
        let role = ["faulty::every_fault_can_be_told", "--exact", "--nocapture"];
        let words = role.map(str::to_owned).into_iter().chain([format!("fault={self:?}")]);
        Solver::child(Program::new(program, words))
    }

    fn told(words: impl IntoIterator<Item = String>) -> Option<Self> {
        let mut words = words.into_iter();
        let name = words.find_map(|word| Some(word.strip_prefix("fault=")?.to_owned()))?;
        let told = FAULTS.into_iter().find(|fault| format!("{fault:?}") == name);
        Some(told.unwrap_or_else(|| panic!("there is no fault {name}")))
    }
}

/// The test itself; and, in a process that was told a fault, that process.
#[test]
fn every_fault_can_be_told() {
    if let Some(fault) = Fault::told(std::env::args()) {
        return solver_process(fault);
    }
    for fault in FAULTS {
        assert_eq!(Fault::told(["--exact".to_owned(), format!("fault={fault:?}")]), Some(fault));
    }
    assert_eq!(Fault::told(["fault".to_owned()]), None);
}

fn solver_process(fault: Fault) {
    if fault == Fault::Nothing {
        serve(MEMORY_BYTES_MAX).expect("served until the end");
        return;
    }
    let mut stream = connection().expect("a daemon");
    confine(MEMORY_BYTES_MAX).expect("confined");
    frame::write(&mut stream, &Reply::Ready).expect("sent");
    let mut bench = Bench::default();
    while let Ok(request) = frame::read::<Request>(&mut stream) {
        let (number, reply) = (request.number, bench.answer(request));
        if number == 2 {
            misbehave(fault, &mut stream, reply);
        } else {
            frame::write(&mut stream, &reply).expect("sent");
        }
    }
}

fn misbehave(fault: Fault, stream: &mut UnixStream, reply: Reply) {
    let frame = frame::encode(&reply).expect("a frame");
    let sent = match fault {
        Fault::Nothing => frame,
        Fault::Prints => {
            let line = "Running HiGHS: a library that talks to itself\n";
            println!("{}", line.repeat(5000));
            eprintln!("{}", line.repeat(5000));
            frame
        }
        Fault::Garbage => b"Running HiGHS: a library that talks among the frames".to_vec(),
        Fault::Damaged => [&frame[..frame.len() - 1], b" "].concat(),
        Fault::Huge => [&frame[..4], &u32::MAX.to_le_bytes(), &frame[8..]].concat(),
        Fault::NoAnswer => frame::encode(&["no", "answer"]).expect("a frame"),
        Fault::Cut | Fault::Short => frame[..frame.len() / 2].to_vec(),
        Fault::Another => frame::encode(&numbered(reply, 1)).expect("a frame"),
        Fault::Twice => [frame.clone(), frame].concat(),
        Fault::Absurd => frame::encode(&absurd(reply)).expect("a frame"),
        Fault::NotANumber => frame::encode(&not_a_number(reply)).expect("a frame"),
        Fault::Closes => {
            stream.shutdown(std::net::Shutdown::Both).expect("closed");
            Vec::new()
        }
        Fault::Exits => std::process::exit(3),
        Fault::Aborts => std::process::abort(),
        Fault::Panics => panic!("as it was told"),
        Fault::Hoards => hoard(),
        Fault::Hangs => Vec::new(),
    };
    let closed = stream.write_all(&sent).is_err();
    assert!(!closed || fault == Fault::Closes, "{fault:?}");
    match fault {
        Fault::Short => std::process::exit(0),
        Fault::Cut | Fault::Closes | Fault::Hangs => loop {
            std::thread::park();
        },
        _ => {}
    }
}

fn numbered(reply: Reply, number: u64) -> Reply {
    match reply {
        Reply::Answer { answer, .. } => Reply::Answer { number, answer },
        other => other,
    }
}

fn absurd(mut reply: Reply) -> Reply {
    if let Reply::Answer { answer: Answer::Plan(planned), .. } = &mut reply
        && let Ok(plan) = &mut planned.result
    {
        let shares = plan.lighting.values_mut().chain(plan.charge.values_mut());
        shares.for_each(|shares| shares[0] = Ratio::new(7.0));
    }
    reply
}

fn not_a_number(mut reply: Reply) -> Reply {
    if let Reply::Answer { answer: Answer::Plan(planned), .. } = &mut reply
        && let Ok(plan) = &mut planned.result
    {
        plan.why.objective = f64::NAN;
    }
    reply
}

/// Ends when no memory is left.
fn hoard() -> ! {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(vec![1; 1 << 20]);
        let megabytes = u64::try_from(hoard.len()).expect("few");
        assert!(megabytes << 20 <= MEMORY_BYTES_MAX, "the cap does not hold");
    }
}
