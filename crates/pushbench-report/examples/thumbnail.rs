//! Halves the width and height of charts, for pages that show many of them:
//! `cargo run --release -p pushbench-report --example thumbnail -- CHART.png SMALL.png [CHART.png SMALL.png…]`.
//!
//! Reads what the charts are, RGB with 8 bits a channel, and no other PNG.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// Bytes of a pixel.
const RGB: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (pairs, rest) = paths.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return Err("pairs of paths: CHART.png SMALL.png".into());
    }
    for [chart, small] in pairs {
        halve(chart.as_ref(), small.as_ref()).map_err(|error| format!("{chart} as {small}: {error}"))?;
    }
    Ok(())
}

fn halve(chart: &Path, small: &Path) -> Result<(), Box<dyn Error>> {
    let mut reader = png::Decoder::new(BufReader::new(File::open(chart)?)).read_info()?;
    let (width, height) = reader.info().size();
    if reader.output_color_type() != (png::ColorType::Rgb, png::BitDepth::Eight) {
        return Err("not RGB with 8 bits a channel".into());
    }
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("too large")?];
    reader.next_frame(&mut pixels)?;
    let (width, height) = (width as usize, height as usize);
    let pairs_of_rows = pixels.chunks_exact(2 * width * RGB);
    let halved: Vec<u8> =
        pairs_of_rows.flat_map(|rows| half_row(rows.split_at(width * RGB), width / 2)).collect();

    let mut encoder =
        png::Encoder::new(BufWriter::new(File::create(small)?), width as u32 / 2, height as u32 / 2);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    Ok(encoder.write_header()?.write_image_data(&halved)?)
}

/// Each pixel the mean of four.
fn half_row((upper, lower): (&[u8], &[u8]), width: usize) -> impl Iterator<Item = u8> {
    (0..width * RGB).map(move |at| {
        let left = at / RGB * 2 * RGB + at % RGB;
        let four = [upper[left], upper[left + RGB], lower[left], lower[left + RGB]];
        (four.map(u32::from).iter().sum::<u32>() / 4) as u8
    })
}
