use super::*;
use drivers::profile;
use std::path::Path;

fn read(text: &str) -> Profile {
    profile::read(text, Path::new("test.yaml")).expect("no findings")
}

fn sunspec() -> Profile {
    read(
        "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\nsunspec: true\npoints:\n  \
         serial: {model: 1, offset: 50, kind: text, length: 16}\n  \
         power: {model: 103, offset: 14, kind: i16, scale_point: scale, sentinels: [0x8000]}\n  \
         scale: {model: 103, offset: 15, kind: i16}\n",
    )
}

#[test]
fn a_sunspec_profile_is_served_as_a_chain() {
    let mut shelf = Shelf::new(&sunspec());
    let mut two = |address| shelf.read(Table::HoldingRegisters, address, 2);
    assert_eq!(two(40_000), Ok(vec![0x5375, 0x6E53]));
    assert_eq!(two(40_002), Ok(vec![1, 66]));
    assert_eq!(two(40_070), Ok(vec![103, 50]));
    assert_eq!(two(40_072), Ok(vec![0xFFFF; 2]));
    assert_eq!(two(40_122), Ok(vec![0xFFFF, 0]));
    assert_eq!(two(40_123), Err(Exception::IllegalDataAddress), "past the end");
}

#[test]
fn a_scale_factor_is_reckoned_with() {
    let mut shelf = Shelf::new(&sunspec());
    shelf.set("scale", -1.0);
    shelf.set("power", -123.4);
    let words = shelf.read(Table::HoldingRegisters, 40_084, 2);
    assert_eq!(words, Ok(vec![0xFB2E, 0xFFFF]), "-1234, -1");
    assert!((shelf.number("power") + 123.4).abs() < 1e-9);
    assert!(shelf.set_absent("power", 0) && !shelf.set_absent("power", 1));
    assert_eq!(shelf.words("power").2, [0x8000]);
}

#[test]
fn what_is_past_the_end_of_a_model_is_not_there() {
    let models = [ServedModel { named: 103, id: 101, length: 12 }];
    let shelf = Shelf::with_models(&sunspec(), &models);
    assert!(!shelf.has("power") && !shelf.has("serial"));
    let longer = [ServedModel { named: 103, id: 101, length: 13 }];
    let shelf = Shelf::with_models(&sunspec(), &longer);
    assert!(shelf.has("power") && !shelf.has("scale"));
}

#[test]
fn writes_stay_and_are_remembered_and_inputs_are_refused() {
    let mut shelf = Shelf::new(&read(
        "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\nmax_registers: 4\nmax_gap: 1\
         \npoints:\n  \
         a: {holding: 0, kind: u32, access: read-write}\n  b: {holding: 3, kind: u16}\n  \
         c: {holding: 9, kind: bit, bit: 2}\n  d: {holding: 9, kind: bit, bit: 3}\n",
    ));
    let holding = Table::HoldingRegisters;
    assert_eq!(shelf.write(holding, 0, &[1, 2]), Ok(()));
    let written = Written { table: holding, address: 0, values: vec![1, 2] };
    assert_eq!(shelf.take_written(), [written]);
    assert_eq!(shelf.read(holding, 0, 4), Ok(vec![1, 2, 0, 0]), "a short hole is read over");
    assert_eq!(shelf.read(holding, 0, 5), Err(Exception::IllegalDataValue));
    assert_eq!(shelf.read(holding, 5, 1), Err(Exception::IllegalDataAddress), "a long one");
    assert_eq!(shelf.write(holding, 3, &[1]), Err(Exception::IllegalDataAddress));
    shelf.set("c", 1.0);
    shelf.set("d", 1.0);
    shelf.set("c", 0.0);
    assert_eq!(shelf.words("d"), (holding, 9, vec![0b1000]), "bits leave each other alone");
}
