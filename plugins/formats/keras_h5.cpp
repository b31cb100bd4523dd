/// HDF5 files of Keras: whole models (.h5), weights of Keras 1 and 2 (.h5), and .weights.h5. What
/// is done with them is done in hdf5/.
#include <cstring>

#include "hdf5_exchange.hpp"

namespace lamina::plugin {

namespace {

void read_h5(const Config&, const std::string& path, Store& store) {
    read_hdf5("read", path, store);
}

void write_h5(const Config&, const std::string& path, const Store& store) {
    write_hdf5("whole", path, store);
}

void write_weights_h5(const Config&, const std::string& path, const Store& store) {
    write_hdf5("weights", path, store);
}

int32_t probe_h5(const char*, const void* head, uint64_t bytes) {
    static constexpr char signature[] = "\x89HDF\r\n\x1a\n";
    return bytes >= 8 && std::memcmp(head, signature, 8) == 0 ? 1 : 0;
}

} // namespace

LAMINA_FORMAT(keras_h5, "{}", "Keras's HDF5: whole models, and weights of every layout",
              ".h5,.hdf5", probe_h5, read_h5, write_h5)
LAMINA_FORMAT(keras_weights_h5, "{}", "Keras 3's HDF5 of weights alone", ".weights.h5", probe_h5,
              read_h5, write_weights_h5)

} // namespace lamina::plugin
