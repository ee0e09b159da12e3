//! Settings of the memory allocator.

/// Keeps freed memory for later allocations, instead of returning it to the system.
///
/// A network's activations are some megabytes each, which the allocator would map anew for every operator and unmap after
/// it; the system then clears each page again. On a MobileNetV2 that is a third of the time.
#[expect(unsafe_code, reason = "the C library's settings are changed by calls of C functions")]
pub(crate) fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: no other thread has been started.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        // Each thread's own memory arena is limited to 64 MB.
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
