//! How much memory the machine has, or one of its GPUs.

use std::fs;

use trainer::device::{self, Device};

/// Memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// All that this program may use: the machine's, or less where a control group says so.
    pub total: i64,
    /// What is free at the moment, or can be made so.
    pub free: i64,
}

/// Asks the system; `None` where it does not tell.
#[must_use]
pub fn measure() -> Option<Memory> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    read(&text, limit.as_deref())
}

/// The memory that what is computed on a device lies in; `None` where nobody tells.
#[must_use]
pub fn of(device: &Device) -> Option<Memory> {
    if device.is_cpu() {
        return measure();
    }
    let memory = device::gpu_memory(device)?;
    Some(Memory {
        total: i64::try_from(memory.total).ok()?,
        free: i64::try_from(memory.free).ok()?,
    })
}

fn read(meminfo: &str, limit: Option<&str>) -> Option<Memory> {
    let kibibytes = |name: &str| -> Option<i64> {
        let line = meminfo.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    // Without a limit the file says `max`.
    let limit = limit.and_then(|text| text.trim().parse().ok());
    let total = (kibibytes("MemTotal:")? * 1024).min(limit.unwrap_or(i64::MAX));
    let free = kibibytes("MemAvailable:")? * 1024;
    Some(Memory {
        total,
        free: free.min(total),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_of_machine_and_limit_counts() {
        let text = "MemTotal:       100 kB\nMemFree: 1 kB\nMemAvailable:    60 kB\n";
        let of = |limit| read(text, limit).map(|memory| (memory.total, memory.free));
        assert_eq!(of(None), Some((102_400, 61_440)));
        assert_eq!(of(Some("max\n")), Some((102_400, 61_440)));
        assert_eq!(of(Some("50000\n")), Some((50_000, 50_000)));
        assert_eq!(read("", None), None);
    }
}
