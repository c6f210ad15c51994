//! Serial frames by hand, so that the client is not tested against its own codec.

/// A frame's bytes with their checksum behind them, low byte first: CRC-16 as the specification of
/// serial lines gives it (section 6.2.2), bit by bit.
pub(crate) fn sealed(body: &[u8]) -> Vec<u8> {
    let crc = body.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 }
        })
    });
    [body, &crc.to_le_bytes()].concat()
}
