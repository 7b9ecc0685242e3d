use crate::browser::fingerprint::sample;
use crate::resume::SAMPLE;
use js_sys::{Array, Uint8Array};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Blob;

const KIB: usize = 1024;

#[wasm_bindgen_test]
async fn a_sample_is_the_first_middle_and_last_bytes() {
    let bytes: Vec<u8> = (0..1024 * KIB + 1).map(|n| (n * 31 + (n >> 8)) as u8).collect();
    let third = SAMPLE as usize;
    for size in [0, 1, third, 3 * third - 1, 3 * third, 3 * third + 1, 1024 * KIB, 1024 * KIB + 1] {
        let bytes = &bytes[..size];
        let file = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).unwrap();
        let expected = if size <= 3 * third {
            bytes.to_vec()
        } else {
            let middle = (size - third) / 2;
            [&bytes[..third], &bytes[middle..middle + third], &bytes[size - third..]].concat()
        };
        assert!(sample(&file, size as u64).await.unwrap().0 == expected, "{size}");
    }
}
