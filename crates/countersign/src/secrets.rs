//! The master key: wraps what the store keeps and derives every MAC key, one label each.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// 32 secret bytes from which everything else that is secret in a store hangs.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Something wrapped did not open under this master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the master key does not fit what the store holds")]
pub struct WrongMasterKey;

impl MasterKey {
    /// Takes the 32 bytes of a master key file.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for writing the file once.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Wraps a secret for the store. `label` says what it is, and must be given again to open it: a wrapped
    /// sealing key cannot be passed off as a signing key.
    ///
    /// # Errors
    /// [`WrongMasterKey`] if the crypto library fails.
    pub fn wrap(&self, label: &str, secret: &[u8]) -> Result<Vec<u8>, WrongMasterKey> {
        let mut sealed = secret.to_vec();
        let nonce = self
            .wrapping_key()?
            .seal_in_place_append_tag(Aad::from(label), &mut sealed)
            .map_err(|_| WrongMasterKey)?;
        let mut wrapped = nonce.as_ref().to_vec();
        wrapped.append(&mut sealed);
        Ok(wrapped)
    }

    /// Opens what [`MasterKey::wrap`] made under the same label.
    ///
    /// # Errors
    /// [`WrongMasterKey`] if it was wrapped by another key, under another label, or was changed.
    pub fn unwrap(
        &self,
        label: &str,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, WrongMasterKey> {
        let (nonce, sealed) = wrapped.split_at_checked(NONCE_LEN).ok_or(WrongMasterKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| WrongMasterKey)?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let length = self
            .wrapping_key()?
            .open_in_place(nonce, Aad::from(label), &mut sealed)
            .map_err(|_| WrongMasterKey)?
            .len();
        sealed.truncate(length);
        Ok(sealed)
    }

    /// A MAC key of its own for one purpose.
    ///
    /// # Errors
    /// [`WrongMasterKey`] if the crypto library fails.
    pub fn mac_key(&self, label: &str) -> Result<hmac::Key, WrongMasterKey> {
        let bytes = self.derive(label)?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()))
    }

    fn wrapping_key(&self) -> Result<RandomizedNonceKey, WrongMasterKey> {
        let bytes = self.derive("countersign key wrapping")?;
        RandomizedNonceKey::new(&AES_256_GCM_SIV, bytes.as_slice()).map_err(|_| WrongMasterKey)
    }

    fn derive(&self, label: &str) -> Result<Zeroizing<[u8; 32]>, WrongMasterKey> {
        let mut out = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, b"countersign master key")
            .extract(self.0.as_slice())
            .expand(&[label.as_bytes()], ThirtyTwoBytes)
            .and_then(|material| material.fill(out.as_mut_slice()))
            .map_err(|_| WrongMasterKey)?;
        Ok(out)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(****)")
    }
}

/// The output length of every derivation.
struct ThirtyTwoBytes;

impl KeyType for ThirtyTwoBytes {
    fn len(&self) -> usize {
        32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_opens_under_the_same_key_and_label_only() {
        let key = MasterKey::from_bytes([7; 32]);
        let wrapped = key.wrap("signing", b"a secret").unwrap();
        assert_eq!(
            key.unwrap("signing", &wrapped).unwrap().as_slice(),
            b"a secret"
        );
        assert_eq!(key.unwrap("sealing", &wrapped), Err(WrongMasterKey));
        assert_eq!(
            MasterKey::from_bytes([8; 32]).unwrap("signing", &wrapped),
            Err(WrongMasterKey)
        );
    }

    #[test]
    fn a_changed_or_cut_wrapping_does_not_open() {
        let key = MasterKey::from_bytes([7; 32]);
        let wrapped = key.wrap("signing", b"a secret").unwrap();
        for position in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[position] ^= 1;
            assert!(key.unwrap("signing", &changed).is_err(), "byte {position}");
            assert!(
                key.unwrap("signing", &wrapped[..position]).is_err(),
                "cut at {position}"
            );
        }
    }

    #[test]
    fn every_label_has_its_own_mac_key() {
        let key = MasterKey::from_bytes([7; 32]);
        let tag = |label| {
            hmac::sign(&key.mac_key(label).unwrap(), b"x")
                .as_ref()
                .to_vec()
        };
        assert_ne!(tag("client"), tag("binding"));
        assert_eq!(tag("client"), tag("client"));
    }
}
