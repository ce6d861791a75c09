//! Finished pixels: averaged down, encoded as PNG, put into place in one step, and read again.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::Path;

/// Rows of red, green, blue.
pub(super) struct Picture {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// Three bytes a pixel.
    pub(super) rgb: Vec<u8>,
}

impl Picture {
    /// Reads what [`Picture::save`] wrote, and no other kind of PNG.
    ///
    /// # Errors
    /// What the system reports, and [`io::ErrorKind::InvalidData`].
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut reader = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
        if reader.output_color_type() != (png::ColorType::Rgb, png::BitDepth::Eight) {
            return Err(invalid("not red, green and blue with 8 bits each"));
        }
        let mut rgb = vec![0; reader.output_buffer_size().ok_or_else(|| invalid("too large"))?];
        reader.next_frame(&mut rgb)?;
        Ok(Self { size: reader.info().size(), rgb })
    }

    /// Half the width and height; each pixel is the mean of four.
    pub(super) fn halved(&self) -> Self {
        let (width, height) = ((self.size.0 / 2) as usize, (self.size.1 / 2) as usize);
        let stride = self.size.0 as usize * 3;
        let mut rgb = Vec::with_capacity(width * height * 3);
        for rows in self.rgb.chunks_exact(stride * 2).take(height) {
            let (upper, lower) = rows.split_at(stride);
            for (above, below) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
                for channel in 0..3 {
                    let sum = u32::from(above[channel])
                        + u32::from(above[channel + 3])
                        + u32::from(below[channel])
                        + u32::from(below[channel + 3]);
                    rgb.push(((sum + 2) / 4) as u8);
                }
            }
        }
        Self { size: (width as u32, height as u32), rgb }
    }

    /// Writes the picture beside its place and renames it: a reader never sees half a picture.
    ///
    /// # Errors
    /// What the system reports.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("png.part");
        let outcome = self.encode(&beside).and_then(|()| fs::rename(&beside, path));
        if outcome.is_err() {
            // The first error is the one to report; what is left over is not.
            let _ = fs::remove_file(&beside);
        }
        outcome
    }

    fn encode(&self, path: &Path) -> io::Result<()> {
        let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), self.size.0, self.size.1);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Most of a chart is paper: unfiltered rows repeat and pack best.
        encoder.set_filter(png::Filter::NoFilter);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        Ok(writer.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_pixels_become_their_mean() {
        let rgb = vec![0, 0, 0, 100, 10, 4, /* second row */ 100, 10, 4, 200, 20, 8];
        let half = Picture { size: (2, 2), rgb }.halved();
        assert_eq!((half.size, half.rgb), ((1, 1), vec![100, 10, 4]));
    }

    #[test]
    fn what_was_saved_is_read_again_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("a.png"), dir.path().join("b.png"));
        Picture { size: (2, 1), rgb: vec![1, 2, 3, 4, 5, 6] }.save(&path).unwrap();
        let read = Picture::open(&path).unwrap();
        assert_eq!((read.size, read.rgb), ((2, 1), vec![1, 2, 3, 4, 5, 6]));
        fs::write(&other, "no picture").unwrap();
        assert!(Picture::open(&other).is_err());
        assert!(Picture::open(&dir.path().join("c.png")).is_err());
    }

    #[test]
    fn a_picture_that_cannot_be_put_in_place_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let taken = dir.path().join("taken.png");
        fs::create_dir_all(taken.join("full")).unwrap();
        let picture = Picture { size: (1, 1), rgb: vec![1, 2, 3] };
        assert!(picture.save(&taken).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
