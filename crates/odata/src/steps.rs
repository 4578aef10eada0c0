//! Counts the bytes that the parsers look at, in tests only: that is how linear time is shown.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// Counts some bytes as looked at; nothing outside tests.
pub(crate) fn add(bytes: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + bytes);
    #[cfg(not(test))]
    let _ = bytes;
}

/// What one run of `work` counts on this thread.
#[cfg(test)]
pub(crate) fn of(work: impl FnOnce()) -> usize {
    STEPS.set(0);
    work();
    STEPS.get()
}

#[cfg(test)]
mod tests;
