//! The system's allocator, which counts what each thread asks of it, so that tests can run side by side.
//!
//! It counts for the program that names this module: other crates' tests do so by its path.

#![expect(unsafe_code, reason = "an allocator that counts is an unsafe trait; this one only hands on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a thread has asked for since it began.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// How often memory was taken, or a piece of it made larger or smaller.
    pub(crate) allocations: u64,
    /// Bytes taken less bytes given back: negative for a thread that frees what others took.
    pub(crate) held_bytes: isize,
}

thread_local! {
    // Takes no memory and has no destructor: it is there as long as the thread is.
    static ASKED: Cell<Asked> = const { Cell::new(Asked { allocations: 0, held_bytes: 0 }) };
}

/// What this thread has asked for so far.
pub(crate) fn asked() -> Asked {
    ASKED.get()
}

fn count(allocations: u64, bytes: isize) {
    let so_far = asked();
    ASKED.set(Asked { allocations: so_far.allocations + allocations, held_bytes: so_far.held_bytes + bytes });
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call is the system allocator's own, and counting asks for no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size().cast_signed());
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, -layout.size().cast_signed());
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size.cast_signed() - layout.size().cast_signed());
        // SAFETY: the caller's promise is handed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}
