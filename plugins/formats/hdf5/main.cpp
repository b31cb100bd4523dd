/// lamina-hdf5: reads and writes one HDF5 file for the plugin that started it
/// (../hdf5_program.hpp).
#include <cstdio>
#include <cstdlib>
#include <new>
#include <span>
#include <stdexcept>
#include <string_view>

#include <sys/socket.h>
#include <unistd.h>

#include "keras_h5.hpp"
#include "limits.hpp"

namespace {

using namespace lamina::plugin;

void read(Channel& plugin, std::string_view what, const std::string& path) {
    limit_for_structure();
    Reading reading(plugin);
    try {
        if (what == "read-archived")
            read_archived_h5(path, reading);
        else
            read_h5(path, reading);
        reading.send();
    } catch (const std::bad_alloc&) {
        throw Error(LM_IO, "the HDF5 file is damaged: it states sizes beyond all bounds");
    } catch (const std::length_error&) {
        throw Error(LM_IO, "the HDF5 file is damaged: it states sizes beyond all bounds");
    }
}

void write(Channel& plugin, std::string_view layout, const std::string& path) {
    Writing writing(plugin);
    if (layout == "weights")
        write_weights_h5(path, writing);
    else if (layout == "archived")
        write_archived_h5(path, writing);
    else
        write_h5(path, writing);
}

void send_error(Channel& plugin, lm_status code, std::string_view text) {
    Packer packed;
    packed.put(static_cast<uint64_t>(code));
    packed.put(text);
    plugin.send(Message::Error, packed.bytes());
}

void serve(Channel& plugin, std::span<char*> arguments) {
    hdf5::be_quiet();
    try {
        const std::string_view what = arguments[0];
        if (what == "write")
            write(plugin, arguments[1], arguments[2]);
        else
            read(plugin, what, arguments[1]);
        plugin.send(Message::Done, 0);
    } catch (const Error& e) {
        send_error(plugin, e.code(), e.what());
    } catch (const std::bad_alloc&) {
        send_error(plugin, LM_OUT_OF_MEMORY, "out of host memory");
    } catch (const std::exception& e) {
        send_error(plugin, LM_INTERNAL, e.what());
    }
}

bool is_socket(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

} // namespace

int main(int argc, char** argv) {
    if (!is_socket(STDIN_FILENO)) {
        std::fputs("lamina-hdf5 is a part of lamina, which starts it\n", stderr);
        return 2;
    }
    Channel plugin(STDIN_FILENO);
    try {
        serve(plugin, std::span(argv, static_cast<size_t>(argc)).subspan(1));
    } catch (const Broken&) {
        // Nobody is left to hear of it.
    }
    // HDF5 tidies up at exit, and may crash there after an error.
    std::_Exit(0);
}
