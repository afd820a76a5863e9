use std::collections::HashSet;

use proptest::prelude::*;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::*;

fn key(id: i64, fill: u8) -> SealingKey {
    SealingKey::new(SealingKeyId::new(id), &Zeroizing::new([fill; 32])).unwrap()
}

fn ring(keys: impl IntoIterator<Item = SealingKey>) -> SealingKeys {
    SealingKeys::new(keys.into_iter().collect()).unwrap()
}

fn addresses() -> impl Strategy<Value = TokenAddress> {
    (0..4_u8, 0..1_u64 << 42, 0..1_u64 << 48).prop_map(|(kind, number, tail)| {
        let session = SessionNumber::new(number).unwrap();
        let bytes = tail.to_be_bytes();
        let generation = GenerationAddress {
            session,
            generation: Generation::new(u32::try_from(tail >> 24).unwrap()).unwrap(),
            salt: Salt::from_low_bits(u32::try_from(tail & 0xff_ffff).unwrap()),
        };
        let nonce = NonceAddress {
            root: session,
            nonce: Nonce::from_bytes(bytes[2..].try_into().unwrap()),
        };
        match kind {
            0 => TokenAddress::Refresh(generation),
            1 => TokenAddress::Sliding(generation),
            2 => TokenAddress::Access(nonce),
            _ => TokenAddress::Websocket(nonce),
        }
    })
}

proptest! {
    #[test]
    fn sealing_is_a_bijection(one in addresses(), two in addresses()) {
        let keys = ring([key(1, 7)]);
        let id = keys.newest().unwrap().seal(one).unwrap();
        prop_assert_eq!(id.len(), 32);
        prop_assert_eq!(keys.open(&id), Opened::Ours { address: one, key: SealingKeyId::new(1) });
        let other = keys.newest().unwrap().seal(two).unwrap();
        prop_assert_eq!(one == two, id == other);
    }

    #[test]
    fn ids_under_another_key_are_foreign(address in addresses()) {
        let id = key(1, 7).seal(address).unwrap();
        prop_assert_eq!(ring([key(1, 8)]).open(&id), Opened::Foreign);
    }

    #[test]
    fn any_of_several_keys_opens_what_it_sealed(address in addresses(), which in 0..4_usize) {
        let keys = ring((0..4).map(|n| key(n, u8::try_from(n).unwrap())));
        let sealer = &keys.keys[which];
        let opened = keys.open(&sealer.seal(address).unwrap());
        prop_assert_eq!(opened, Opened::Ours { address, key: sealer.id() });
    }

    #[test]
    fn nothing_that_is_not_32_lower_case_hex_digits_opens(text in ".{0,40}") {
        let hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        prop_assume!(!hex);
        prop_assert_eq!(ring([key(1, 7)]).open(&text), Opened::Foreign);
    }
}

#[test]
fn upper_case_and_padded_spellings_of_our_own_ids_are_foreign() {
    let keys = ring([key(1, 7)]);
    let address = TokenAddress::Access(NonceAddress {
        root: SessionNumber::new(1).unwrap(),
        nonce: Nonce::from_bytes([0xab; 6]),
    });
    let id = keys.newest().unwrap().seal(address).unwrap();
    for text in [
        id.to_uppercase(),
        format!(" {id}"),
        format!("+{}", &id[1..]),
        format!("{id}0"),
    ] {
        assert_eq!(keys.open(&text), Opened::Foreign, "{text:?}");
    }
}

#[test]
fn a_million_access_ids_of_one_session_do_not_repeat() {
    // 2^48 nonces: by the birthday bound a repeat within 10^6 draws has a chance of 1 in 560; the seed is fixed.
    let mut generator = ChaCha12Rng::seed_from_u64(20_261_121);
    let key = key(1, 7);
    let mut seen = HashSet::new();
    for _ in 0..1_000_000 {
        let mut bytes = [0; 6];
        generator.fill_bytes(&mut bytes);
        let address = TokenAddress::Access(NonceAddress {
            root: SessionNumber::new(42).unwrap(),
            nonce: Nonce::from_bytes(bytes),
        });
        let id = key.seal(address).unwrap();
        assert!(
            seen.insert(u128::from_str_radix(&id, 16).unwrap()),
            "{id} came twice"
        );
    }
}

#[test]
fn unknown_layouts_kinds_and_check_bits_do_not_open() {
    let good = TokenAddress::Refresh(GenerationAddress {
        session: SessionNumber::new(5).unwrap(),
        generation: Generation::FIRST,
        salt: Salt::from_low_bits(9),
    });
    let block = u128::from_be_bytes(good.to_block());
    assert!(TokenAddress::from_block(block.to_be_bytes()).is_some());
    for (what, changed) in [
        ("check", block | 1),
        ("layout", block | (1 << 126)),
        ("kind", block | (0xf << 122)),
    ] {
        assert_eq!(
            TokenAddress::from_block(changed.to_be_bytes()),
            None,
            "{what}"
        );
    }
}

#[test]
fn a_ring_holds_one_to_four_keys() {
    assert!(SealingKeys::new(vec![]).is_none());
    assert!(SealingKeys::new((0..4).map(|n| key(n, 1)).collect()).is_some());
    assert!(SealingKeys::new((0..5).map(|n| key(n, 1)).collect()).is_none());
}
