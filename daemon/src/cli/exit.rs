//! Exit codes, as in `sysexits.h`: service managers and scripts tell from them what to do.

/// All is well.
pub const OK: u8 = 0;
/// The command line is wrong.
pub const USAGE: u8 = 64;
/// No daemon or device answers, or it does not have what was asked for.
pub const UNAVAILABLE: u8 = 69;
/// A fault of `regie` itself.
pub const INTERNAL: u8 = 70;
/// The operating system refuses a file, a folder or an address.
pub const PERMISSION: u8 = 77;
/// The site file, or a file it names, is wrong.
pub const CONFIGURATION: u8 = 78;

/// The exit codes for people, at the foot of `--help`.
pub const HELP: &str = "\
Exit codes:
   0  all is well
  64  the command line is wrong
  69  no daemon or device answers, or it does not have what was asked for
  70  a fault of regie itself
  77  the operating system refuses a file, a folder or an address
  78  the site file, or a file it names, is wrong";
