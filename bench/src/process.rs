//! What Linux says of a process: its memory and its time on the processor.

use std::fs;
use std::io;
use std::time::Duration;

/// Bytes of this process that are in memory.
///
/// # Errors
/// If `/proc` cannot be read.
pub fn resident_bytes() -> io::Result<u64> {
    resident_bytes_of("self")
}

/// Bytes of a process that are in memory.
///
/// # Errors
/// If there is no such process.
pub fn resident_bytes_of(process: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| io::Error::other("no VmRSS in /proc"))
}

/// Time that a process has spent on processors, its own and the kernel's on its behalf.
///
/// # Errors
/// If there is no such process.
pub fn cpu_time_of(process: &str) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The command's name may hold blanks, so fields are counted from its closing parenthesis.
    let ticks = stat.rsplit_once(')').map(|(_, fields)| {
        let fields = fields
            .split_ascii_whitespace()
            .skip(UTIME_AFTER_NAME)
            .take(2);
        fields
            .filter_map(|field| field.parse::<u64>().ok())
            .sum::<u64>()
    });
    ticks
        .map(|ticks| Duration::from_millis(ticks * MILLIS_PER_TICK))
        .ok_or_else(|| io::Error::other("no times in /proc"))
}

/// Time that a process and all its living descendants have spent on processors.
///
/// # Errors
/// If there is no such process.
pub fn cpu_time_of_tree(process: &str) -> io::Result<Duration> {
    let mut total = cpu_time_of(process)?;
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    for child in children.split_ascii_whitespace() {
        total += cpu_time_of_tree(child)?;
    }
    Ok(total)
}

/// Bytes of a process and all its living descendants that are in memory; what they share counts for each.
///
/// # Errors
/// If there is no such process.
pub fn resident_bytes_of_tree(process: &str) -> io::Result<u64> {
    let mut total = resident_bytes_of(process)?;
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    for child in children.split_ascii_whitespace() {
        total += resident_bytes_of_tree(child)?;
    }
    Ok(total)
}

/// Time that this thread has spent on a processor.
///
/// # Errors
/// If `/proc` cannot be read.
pub fn thread_cpu_time() -> io::Result<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text
        .split_ascii_whitespace()
        .next()
        .and_then(|field| field.parse().ok());
    nanos
        .map(Duration::from_nanos)
        .ok_or_else(|| io::Error::other("no run time in /proc"))
}

/// `utime` and `stime` are the fields 14 and 15; the name is field 2.
const UTIME_AFTER_NAME: usize = 11;
/// `USER_HZ` is 100 on every Linux that is in use.
const MILLIS_PER_TICK: u64 = 10;
