//! Positive control of the masked gate: a hash over the system's `ln`, `exp` and `powf`, whose last bits may change with
//! the CPU features that the mask hides. The simulator itself never calls them.

fn main() {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for i in 1..=3_000_000_u32 {
        let x = f64::from(i) * 1e-3 + 1e-7;
        for value in [x.ln(), (x * 1e-2).exp(), x.powf(0.37)] {
            hash = (hash ^ value.to_bits()).wrapping_mul(0x0100_0000_01B3);
        }
    }
    println!("{hash:016x}");
}
