//! Brings a cache line near before it is needed: what an event touches lies anywhere in tens of megabytes, and waiting for it
//! costs more than the event itself.

#![expect(unsafe_code, reason = "a prefetch takes a raw pointer; it reads nothing and cannot fail at any address")]

/// Asks for the line of an element; nothing where there is no such element, or no such instruction.
#[inline]
pub fn prefetch<T>(items: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(index) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint; the address is that of an element.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(item).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, index);
}
