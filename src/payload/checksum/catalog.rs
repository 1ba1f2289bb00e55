//! Every CRC of the catalog of parametrised CRC algorithms (Greg Cook, <https://reveng.sourceforge.io/crc-catalogue/>)
//! that the `crc` crate has, by its name there.

use crc::NoTable;

use Algorithm::{In8, In16, In32, In64, In128};

/// From so many bytes on, a table of 256 values is made first: making it takes as long as so many bytes without one.
const WORTH_A_TABLE: usize = 256;

/// A cyclic redundancy check of the catalog.
#[derive(Clone, Copy)]
pub struct Crc(&'static (&'static str, Algorithm));

/// The parameters of one, by the number that holds its register.
#[derive(Clone, Copy)]
enum Algorithm {
    In8(&'static crc::Algorithm<u8>),
    In16(&'static crc::Algorithm<u16>),
    In32(&'static crc::Algorithm<u32>),
    In64(&'static crc::Algorithm<u64>),
    In128(&'static crc::Algorithm<u128>),
}

/// The check of `$bytes` in a register of `$width`.
macro_rules! check {
    ($width:ty, $algorithm:expr, $bytes:expr) => {
        match $bytes.len() < WORTH_A_TABLE {
            true => crc::Crc::<$width, NoTable>::new($algorithm).checksum($bytes).into(),
            false => crc::Crc::<$width>::new($algorithm).checksum($bytes).into(),
        }
    };
}

impl Crc {
    /// All of them, the narrowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        CATALOG.iter().map(Self)
    }

    /// Its name in the catalog: `CRC-16/MODBUS`.
    pub const fn name(self) -> &'static str {
        self.0.0
    }

    /// Other names by which people look for it, as the catalog has them; mostly none.
    pub fn aliases(self) -> &'static str {
        ALIASES.iter().find(|(name, _)| *name == self.name()).map_or("", |(_, aliases)| aliases)
    }

    /// The width of its value in bits, from 3 to 82.
    pub const fn bits(self) -> u8 {
        match self.0.1 {
            In8(algorithm) => algorithm.width,
            In16(algorithm) => algorithm.width,
            In32(algorithm) => algorithm.width,
            In64(algorithm) => algorithm.width,
            In128(algorithm) => algorithm.width,
        }
    }

    /// Its value over `bytes`.
    pub fn of(self, bytes: &[u8]) -> u128 {
        match self.0.1 {
            In8(algorithm) => check!(u8, algorithm, bytes),
            In16(algorithm) => check!(u16, algorithm, bytes),
            In32(algorithm) => check!(u32, algorithm, bytes),
            In64(algorithm) => check!(u64, algorithm, bytes),
            In128(algorithm) => check!(u128, algorithm, bytes),
        }
    }
}

impl std::fmt::Debug for Crc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Crc {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Crc {}

/// Names that are better known than the catalog's.
const ALIASES: [(&str, &str); 12] = [
    ("CRC-8/SMBUS", "CRC-8"),
    ("CRC-8/MAXIM-DOW", "DOW-CRC, 1-Wire"),
    ("CRC-16/ARC", "CRC-16, CRC-IBM, CRC-16/LHA"),
    ("CRC-16/IBM-3740", "CRC-16/CCITT-FALSE, CRC-16/AUTOSAR"),
    ("CRC-16/IBM-SDLC", "CRC-16/X-25, CRC-16/ISO-HDLC, CRC-B"),
    ("CRC-16/ISO-IEC-14443-3-A", "CRC-A"),
    ("CRC-16/KERMIT", "CRC-16/CCITT, CRC-16/CCITT-TRUE, CRC-16/BLUETOOTH"),
    ("CRC-16/SPI-FUJITSU", "CRC-16/AUG-CCITT"),
    ("CRC-16/XMODEM", "CRC-16/ACORN, CRC-16/LTE, ZMODEM"),
    ("CRC-32/ISCSI", "CRC-32C, Castagnoli"),
    ("CRC-32/ISO-HDLC", "CRC-32, PKZIP, Ethernet, V.42"),
    ("CRC-64/XZ", "CRC-64/GO-ECMA"),
];

static CATALOG: [(&str, Algorithm); 113] = [
    ("CRC-3/GSM", In8(&crc::CRC_3_GSM)),
    ("CRC-3/ROHC", In8(&crc::CRC_3_ROHC)),
    ("CRC-4/G-704", In8(&crc::CRC_4_G_704)),
    ("CRC-4/INTERLAKEN", In8(&crc::CRC_4_INTERLAKEN)),
    ("CRC-5/EPC-C1G2", In8(&crc::CRC_5_EPC_C1G2)),
    ("CRC-5/G-704", In8(&crc::CRC_5_G_704)),
    ("CRC-5/USB", In8(&crc::CRC_5_USB)),
    ("CRC-6/CDMA2000-A", In8(&crc::CRC_6_CDMA2000_A)),
    ("CRC-6/CDMA2000-B", In8(&crc::CRC_6_CDMA2000_B)),
    ("CRC-6/DARC", In8(&crc::CRC_6_DARC)),
    ("CRC-6/G-704", In8(&crc::CRC_6_G_704)),
    ("CRC-6/GSM", In8(&crc::CRC_6_GSM)),
    ("CRC-7/MMC", In8(&crc::CRC_7_MMC)),
    ("CRC-7/ROHC", In8(&crc::CRC_7_ROHC)),
    ("CRC-7/UMTS", In8(&crc::CRC_7_UMTS)),
    ("CRC-8/AUTOSAR", In8(&crc::CRC_8_AUTOSAR)),
    ("CRC-8/BLUETOOTH", In8(&crc::CRC_8_BLUETOOTH)),
    ("CRC-8/CDMA2000", In8(&crc::CRC_8_CDMA2000)),
    ("CRC-8/DARC", In8(&crc::CRC_8_DARC)),
    ("CRC-8/DVB-S2", In8(&crc::CRC_8_DVB_S2)),
    ("CRC-8/GSM-A", In8(&crc::CRC_8_GSM_A)),
    ("CRC-8/GSM-B", In8(&crc::CRC_8_GSM_B)),
    ("CRC-8/HITAG", In8(&crc::CRC_8_HITAG)),
    ("CRC-8/I-432-1", In8(&crc::CRC_8_I_432_1)),
    ("CRC-8/I-CODE", In8(&crc::CRC_8_I_CODE)),
    ("CRC-8/LTE", In8(&crc::CRC_8_LTE)),
    ("CRC-8/MAXIM-DOW", In8(&crc::CRC_8_MAXIM_DOW)),
    ("CRC-8/MIFARE-MAD", In8(&crc::CRC_8_MIFARE_MAD)),
    ("CRC-8/NRSC-5", In8(&crc::CRC_8_NRSC_5)),
    ("CRC-8/OPENSAFETY", In8(&crc::CRC_8_OPENSAFETY)),
    ("CRC-8/ROHC", In8(&crc::CRC_8_ROHC)),
    ("CRC-8/SAE-J1850", In8(&crc::CRC_8_SAE_J1850)),
    ("CRC-8/SMBUS", In8(&crc::CRC_8_SMBUS)),
    ("CRC-8/TECH-3250", In8(&crc::CRC_8_TECH_3250)),
    ("CRC-8/WCDMA", In8(&crc::CRC_8_WCDMA)),
    ("CRC-10/ATM", In16(&crc::CRC_10_ATM)),
    ("CRC-10/CDMA2000", In16(&crc::CRC_10_CDMA2000)),
    ("CRC-10/GSM", In16(&crc::CRC_10_GSM)),
    ("CRC-11/FLEXRAY", In16(&crc::CRC_11_FLEXRAY)),
    ("CRC-11/UMTS", In16(&crc::CRC_11_UMTS)),
    ("CRC-12/CDMA2000", In16(&crc::CRC_12_CDMA2000)),
    ("CRC-12/DECT", In16(&crc::CRC_12_DECT)),
    ("CRC-12/GSM", In16(&crc::CRC_12_GSM)),
    ("CRC-12/UMTS", In16(&crc::CRC_12_UMTS)),
    ("CRC-13/BBC", In16(&crc::CRC_13_BBC)),
    ("CRC-14/DARC", In16(&crc::CRC_14_DARC)),
    ("CRC-14/GSM", In16(&crc::CRC_14_GSM)),
    ("CRC-15/CAN", In16(&crc::CRC_15_CAN)),
    ("CRC-15/MPT1327", In16(&crc::CRC_15_MPT1327)),
    ("CRC-16/ARC", In16(&crc::CRC_16_ARC)),
    ("CRC-16/CDMA2000", In16(&crc::CRC_16_CDMA2000)),
    ("CRC-16/CMS", In16(&crc::CRC_16_CMS)),
    ("CRC-16/DDS-110", In16(&crc::CRC_16_DDS_110)),
    ("CRC-16/DECT-R", In16(&crc::CRC_16_DECT_R)),
    ("CRC-16/DECT-X", In16(&crc::CRC_16_DECT_X)),
    ("CRC-16/DNP", In16(&crc::CRC_16_DNP)),
    ("CRC-16/EN-13757", In16(&crc::CRC_16_EN_13757)),
    ("CRC-16/GENIBUS", In16(&crc::CRC_16_GENIBUS)),
    ("CRC-16/GSM", In16(&crc::CRC_16_GSM)),
    ("CRC-16/IBM-3740", In16(&crc::CRC_16_IBM_3740)),
    ("CRC-16/IBM-SDLC", In16(&crc::CRC_16_IBM_SDLC)),
    ("CRC-16/ISO-IEC-14443-3-A", In16(&crc::CRC_16_ISO_IEC_14443_3_A)),
    ("CRC-16/KERMIT", In16(&crc::CRC_16_KERMIT)),
    ("CRC-16/LJ1200", In16(&crc::CRC_16_LJ1200)),
    ("CRC-16/M17", In16(&crc::CRC_16_M17)),
    ("CRC-16/MAXIM-DOW", In16(&crc::CRC_16_MAXIM_DOW)),
    ("CRC-16/MCRF4XX", In16(&crc::CRC_16_MCRF4XX)),
    ("CRC-16/MODBUS", In16(&crc::CRC_16_MODBUS)),
    ("CRC-16/NRSC-5", In16(&crc::CRC_16_NRSC_5)),
    ("CRC-16/OPENSAFETY-A", In16(&crc::CRC_16_OPENSAFETY_A)),
    ("CRC-16/OPENSAFETY-B", In16(&crc::CRC_16_OPENSAFETY_B)),
    ("CRC-16/PROFIBUS", In16(&crc::CRC_16_PROFIBUS)),
    ("CRC-16/RIELLO", In16(&crc::CRC_16_RIELLO)),
    ("CRC-16/SPI-FUJITSU", In16(&crc::CRC_16_SPI_FUJITSU)),
    ("CRC-16/T10-DIF", In16(&crc::CRC_16_T10_DIF)),
    ("CRC-16/TELEDISK", In16(&crc::CRC_16_TELEDISK)),
    ("CRC-16/TMS37157", In16(&crc::CRC_16_TMS37157)),
    ("CRC-16/UMTS", In16(&crc::CRC_16_UMTS)),
    ("CRC-16/USB", In16(&crc::CRC_16_USB)),
    ("CRC-16/XMODEM", In16(&crc::CRC_16_XMODEM)),
    ("CRC-17/CAN-FD", In32(&crc::CRC_17_CAN_FD)),
    ("CRC-21/CAN-FD", In32(&crc::CRC_21_CAN_FD)),
    ("CRC-24/BLE", In32(&crc::CRC_24_BLE)),
    ("CRC-24/FLEXRAY-A", In32(&crc::CRC_24_FLEXRAY_A)),
    ("CRC-24/FLEXRAY-B", In32(&crc::CRC_24_FLEXRAY_B)),
    ("CRC-24/INTERLAKEN", In32(&crc::CRC_24_INTERLAKEN)),
    ("CRC-24/LTE-A", In32(&crc::CRC_24_LTE_A)),
    ("CRC-24/LTE-B", In32(&crc::CRC_24_LTE_B)),
    ("CRC-24/OPENPGP", In32(&crc::CRC_24_OPENPGP)),
    ("CRC-24/OS-9", In32(&crc::CRC_24_OS_9)),
    ("CRC-30/CDMA", In32(&crc::CRC_30_CDMA)),
    ("CRC-31/PHILIPS", In32(&crc::CRC_31_PHILIPS)),
    ("CRC-32/AIXM", In32(&crc::CRC_32_AIXM)),
    ("CRC-32/AUTOSAR", In32(&crc::CRC_32_AUTOSAR)),
    ("CRC-32/BASE91-D", In32(&crc::CRC_32_BASE91_D)),
    ("CRC-32/BZIP2", In32(&crc::CRC_32_BZIP2)),
    ("CRC-32/CD-ROM-EDC", In32(&crc::CRC_32_CD_ROM_EDC)),
    ("CRC-32/CKSUM", In32(&crc::CRC_32_CKSUM)),
    ("CRC-32/ISCSI", In32(&crc::CRC_32_ISCSI)),
    ("CRC-32/ISO-HDLC", In32(&crc::CRC_32_ISO_HDLC)),
    ("CRC-32/JAMCRC", In32(&crc::CRC_32_JAMCRC)),
    ("CRC-32/MEF", In32(&crc::CRC_32_MEF)),
    ("CRC-32/MPEG-2", In32(&crc::CRC_32_MPEG_2)),
    ("CRC-32/XFER", In32(&crc::CRC_32_XFER)),
    ("CRC-40/GSM", In64(&crc::CRC_40_GSM)),
    ("CRC-64/ECMA-182", In64(&crc::CRC_64_ECMA_182)),
    ("CRC-64/GO-ISO", In64(&crc::CRC_64_GO_ISO)),
    ("CRC-64/MS", In64(&crc::CRC_64_MS)),
    ("CRC-64/NVME", In64(&crc::CRC_64_NVME)),
    ("CRC-64/REDIS", In64(&crc::CRC_64_REDIS)),
    ("CRC-64/WE", In64(&crc::CRC_64_WE)),
    ("CRC-64/XZ", In64(&crc::CRC_64_XZ)),
    ("CRC-82/DARC", In128(&crc::CRC_82_DARC)),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What the catalog says the value over `123456789` is.
    fn catalogued(crc: Crc) -> u128 {
        match crc.0.1 {
            In8(algorithm) => algorithm.check.into(),
            In16(algorithm) => algorithm.check.into(),
            In32(algorithm) => algorithm.check.into(),
            In64(algorithm) => algorithm.check.into(),
            In128(algorithm) => algorithm.check,
        }
    }

    #[test]
    fn every_crc_gives_the_check_value_of_the_catalog() {
        assert_eq!(CATALOG.len(), 113);
        for crc in Crc::all() {
            assert_eq!(crc.of(b"123456789"), catalogued(crc), "{}", crc.name());
        }
    }

    #[test]
    fn the_check_values_are_those_that_everyone_knows() {
        for (name, expected) in [
            ("CRC-8/SMBUS", 0xf4),
            ("CRC-16/ARC", 0xbb3d),
            ("CRC-16/IBM-3740", 0x29b1),
            ("CRC-16/MODBUS", 0x4b37),
            ("CRC-16/XMODEM", 0x31c3),
            ("CRC-24/OPENPGP", 0x0021_cf02),
            ("CRC-32/ISCSI", 0xe306_9283),
            ("CRC-32/ISO-HDLC", 0xcbf4_3926),
            ("CRC-64/XZ", 0x995d_c9bb_df19_39fa),
            ("CRC-82/DARC", 0x9ea8_3f62_5023_801f_d612),
        ] {
            let crc = Crc::all().find(|crc| crc.name() == name).expect(name);
            assert_eq!(crc.of(b"123456789"), expected, "{name}");
        }
    }

    #[test]
    fn every_alias_is_one_of_a_crc() {
        assert_eq!(Crc::all().filter(|crc| !crc.aliases().is_empty()).count(), ALIASES.len());
    }

    #[test]
    fn names_say_the_width_and_are_all_different() {
        let mut names: Vec<_> = Crc::all().map(Crc::name).collect();
        for crc in Crc::all() {
            assert!(crc.name().starts_with(&format!("CRC-{}/", crc.bits())), "{}", crc.name());
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOG.len());
    }

    #[test]
    fn with_and_without_a_table_it_is_the_same() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(WORTH_A_TABLE).collect();
        for crc in Crc::all() {
            let expected = match crc.0.1 {
                In8(algorithm) => u128::from(crc::Crc::<u8, NoTable>::new(algorithm).checksum(&bytes)),
                In16(algorithm) => crc::Crc::<u16, NoTable>::new(algorithm).checksum(&bytes).into(),
                In32(algorithm) => crc::Crc::<u32, NoTable>::new(algorithm).checksum(&bytes).into(),
                In64(algorithm) => crc::Crc::<u64, NoTable>::new(algorithm).checksum(&bytes).into(),
                In128(algorithm) => crc::Crc::<u128, NoTable>::new(algorithm).checksum(&bytes),
            };
            assert_eq!(crc.of(&bytes), expected, "{}", crc.name());
        }
    }
}
