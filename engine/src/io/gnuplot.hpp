#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lamina {

/// A picture's size in pixels; a PDF has 100 of them an inch.
struct PictureSize {
    int width;
    int height;
};

/// Has gnuplot draw `script` into `file`. The terminal and the output are set before the script
/// runs. Throws Error(InvalidArgument) for an ending other than .png, .svg and .pdf,
/// Error(NotFound) when there is no gnuplot, Error(Io) when the file cannot be written.
void run_gnuplot(std::string_view script, PictureSize size, const std::filesystem::path& file);

/// Throws what run_gnuplot() would throw for the file's ending, or when there is no gnuplot.
void check_gnuplot(const std::filesystem::path& file);

/// `text` as a gnuplot string: in quotes, on one line.
std::string gnuplot_string(std::string_view text);

} // namespace lamina
