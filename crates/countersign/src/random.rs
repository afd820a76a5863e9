//! Randomness as a value: session ids and the nonces of access token ids.

/// A source of unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`, wholly or not at all.
    ///
    /// # Errors
    /// [`NoRandomness`] if the source is out of order. Nothing may be issued then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The source of randomness failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's source of randomness failed")]
pub struct NoRandomness;

/// The operating system's generator, by way of the crypto library.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| NoRandomness)
    }
}

/// Draws a fixed number of random bytes.
pub(crate) fn draw<const N: usize>(random: &dyn Random) -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}
