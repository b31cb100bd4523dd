#include "hdf5.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace lamina::plugin::hdf5 {

namespace {

/// HDF5 keeps the header of an object, attributes included, within 64 KiB; Keras's own bound.
constexpr size_t kAttributeLimit = 64512;

/// The system's own words are the best reason; else the innermost one of the library.
std::string reason() {
    std::string text;
    H5Ewalk2(
        H5E_DEFAULT, H5E_WALK_UPWARD,
        [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
            auto& best = *static_cast<std::string*>(out);
            const std::string description = error->desc == nullptr ? "" : error->desc;
            constexpr std::string_view key = "error message = '";
            const size_t at = description.find(key);
            if (at != std::string::npos)
                best = description.substr(at + key.size(), description.find('\'', at + key.size()) -
                                                               at - key.size());
            else if (best.empty())
                best = description;
            return 0;
        },
        &text);
    H5Eclear2(H5E_DEFAULT);
    return text;
}

void check(herr_t status, const std::string& what) {
    if (status < 0)
        fail(what);
}

Id string_type(size_t size) {
    Id type(H5Tcopy(H5T_C_S1), H5Tclose, "cannot make a string type");
    check(H5Tset_size(type, size), "cannot make a string type");
    if (size == H5T_VARIABLE)
        check(H5Tset_cset(type, H5T_CSET_UTF8), "cannot make a string type");
    else
        check(H5Tset_strpad(type, H5T_STR_NULLPAD), "cannot make a string type");
    return type;
}

/// So many elements of such a size; a damaged file may state any.
size_t bytes_of(size_t count, size_t size) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes))
        throw std::bad_alloc();
    return bytes;
}

/// One attribute's strings, whatever their kind and number.
std::optional<std::vector<std::string>> attribute(hid_t object, const char* name) {
    const std::string what = std::string("attribute `") + name + "` cannot be read";
    const htri_t there = H5Aexists(object, name);
    check(there, what);
    if (there == 0)
        return std::nullopt;
    const Id id(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, what);
    const Id space(H5Aget_space(id), H5Sclose, what);
    const Id type(H5Aget_type(id), H5Tclose, what);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    check(count < 0 ? -1 : 0, what);
    std::vector<std::string> values;
    if (count == 0)
        return values; // Keras writes an empty list as numbers
    if (H5Tget_class(type) != H5T_STRING)
        throw Error(LM_INVALID_ARGUMENT, std::string("attribute `") + name + "` is not text");
    const auto n = static_cast<size_t>(count);
    if (H5Tis_variable_str(type) > 0) {
        const Id memory = [&] {
            Id t(H5Tcopy(H5T_C_S1), H5Tclose, what);
            check(H5Tset_size(t, H5T_VARIABLE), what);
            check(H5Tset_cset(t, H5Tget_cset(type)), what);
            return t;
        }();
        std::vector<char*> pointers(n);
        check(H5Aread(id, memory, pointers.data()), what);
        for (const char* p : pointers)
            values.emplace_back(p == nullptr ? "" : p);
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, pointers.data());
    } else {
        const size_t size = H5Tget_size(type);
        std::vector<char> bytes(bytes_of(n, size));
        check(H5Aread(id, type, bytes.data()), what);
        for (size_t i = 0; i < n; ++i) {
            const char* begin = bytes.data() + i * size;
            values.emplace_back(begin, strnlen(begin, size));
            while (H5Tget_strpad(type) == H5T_STR_SPACEPAD && values.back().ends_with(' '))
                values.back().pop_back();
        }
    }
    return values;
}

/// IEEE binary16, which HDF5 has no name for.
Id half_type() {
    Id type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose, "cannot make the f16 type");
    check(H5Tset_fields(type, 15, 10, 5, 0, 10), "cannot make the f16 type");
    check(H5Tset_size(type, 2), "cannot make the f16 type");
    check(H5Tset_ebias(type, 15), "cannot make the f16 type");
    return type;
}

Id number_type(lm_dtype dtype) {
    const auto copy = [](hid_t type) { return Id(H5Tcopy(type), H5Tclose, "cannot copy a type"); };
    switch (dtype) {
    case LM_F32:
        return copy(H5T_IEEE_F32LE);
    case LM_F64:
        return copy(H5T_IEEE_F64LE);
    case LM_I32:
        return copy(H5T_STD_I32LE);
    case LM_I64:
        return copy(H5T_STD_I64LE);
    case LM_U8:
    case LM_BOOL:
        return copy(H5T_STD_U8LE);
    case LM_F16:
        return half_type();
    case LM_BF16:
        return copy(H5T_STD_U16LE); // with the attribute that Keras marks it by
    default:
        throw Error(LM_UNSUPPORTED, "this element type cannot be kept in HDF5");
    }
}

lm_dtype dtype_of(const Id& dataset, hid_t type, const std::string& path) {
    const size_t size = H5Tget_size(type);
    switch (H5Tget_class(type)) {
    case H5T_FLOAT:
        if (size == 2)
            return LM_F16;
        if (size <= 8)
            return size == 4 ? LM_F32 : LM_F64;
        break;
    case H5T_INTEGER:
        if (size == 2 && text(dataset, "dtype") == "bfloat16")
            return LM_BF16;
        if (size == 1 && H5Tget_sign(type) == H5T_SGN_NONE)
            return LM_U8;
        if (size <= 8)
            return size <= 2 || (size == 4 && H5Tget_sign(type) == H5T_SGN_2) ? LM_I32 : LM_I64;
        break;
    default:
        break;
    }
    throw Error(LM_UNSUPPORTED, "dataset `" + path + "` does not hold numbers");
}

/// deflate, the tightest of HDF5's filters, makes 1032 bytes of one at most.
constexpr double kLargestRatio = 2000;

hsize_t file_size(const Id& object) {
    const Id file(H5Iget_file_id(object), H5Fclose, "the file cannot be read");
    hsize_t bytes = 0;
    check(H5Fget_filesize(file, &bytes), "the file cannot be read");
    return bytes;
}

/// Consecutive elements of a tensor: all of them where start is empty.
struct Block {
    std::vector<hsize_t> start, count;
    int64_t elements = 0;
};

constexpr int64_t kBlock = int64_t{256} << 10; // bytes: they stay in a core's cache on their way

/// Cuts a tensor into blocks of some `limit` bytes at most, in order.
std::vector<Block> blocks(const TensorType& type, int64_t limit) {
    if (type.elements() == 0)
        return {};
    if (type.bytes() <= limit)
        return {{{}, {}, type.elements()}};
    // The axis to be cut: one step along it fits.
    size_t axis = 0;
    int64_t step_elements = type.elements() / type.dims[0];
    while (step_elements * size_of(type.dtype) > limit)
        step_elements /= type.dims[++axis];
    const int64_t length = type.dims[axis];
    const int64_t most = std::max<int64_t>(1, limit / (step_elements * size_of(type.dtype)));
    const int64_t lines = type.elements() / step_elements / length;
    std::vector<Block> out;
    for (int64_t line = 0; line < lines; ++line)
        for (int64_t at = 0; at < length; at += most) {
            const int64_t steps = std::min(most, length - at);
            Block block{{type.dims.begin(), type.dims.end()},
                        {type.dims.begin(), type.dims.end()},
                        steps * step_elements};
            std::fill(block.start.begin(), block.start.end(), 0);
            std::fill_n(block.count.begin(), axis + 1, 1);
            for (size_t a = axis, rest = static_cast<size_t>(line); a-- > 0;) {
                block.start[a] = rest % static_cast<size_t>(type.dims[a]);
                rest /= static_cast<size_t>(type.dims[a]);
            }
            block.start[axis] = static_cast<hsize_t>(at);
            block.count[axis] = static_cast<hsize_t>(steps);
            out.push_back(std::move(block));
        }
    return out;
}

/// The block in the file.
Id select(const Id& dataset, const Block& block, const std::string& what) {
    Id space(H5Dget_space(dataset), H5Sclose, what);
    if (!block.start.empty())
        check(H5Sselect_hyperslab(space, H5S_SELECT_SET, block.start.data(), nullptr,
                                  block.count.data(), nullptr),
              what);
    return space;
}

/// The block in memory.
Id line(const Block& block, const std::string& what) {
    const auto elements = static_cast<hsize_t>(block.elements);
    return {H5Screate_simple(1, &elements, nullptr), H5Sclose, what};
}

} // namespace

void be_quiet() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

void fail(const std::string& what) {
    const std::string why = reason();
    throw Error(LM_IO, why.empty() ? what : what + ": " + why);
}

Id::Id(hid_t id, Close close, const std::string& what) : id_(id), close_(close) {
    if (id < 0)
        fail(what);
}

void Id::close(const std::string& what) { check(close_(std::exchange(id_, -1)), what); }

Id open_file(const std::string& path) {
    return {H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose,
            "the HDF5 file is damaged or cut short"};
}

Id create_file(const std::string& path) {
    const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "cannot set up HDF5");
    check(H5Pset_file_locking(access, false, true), "cannot set up HDF5");
    return {H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose,
            "the file cannot be made"};
}

bool has_link(hid_t parent, const std::string& path) {
    // Each step on the way has to be looked at: HDF5 fails where one is missing.
    for (size_t at = 0; at != std::string::npos;) {
        at = path.find('/', at + 1);
        if (H5Lexists(parent, path.substr(0, at).c_str(), H5P_DEFAULT) <= 0) {
            H5Eclear2(H5E_DEFAULT);
            return false;
        }
    }
    return true;
}

bool has_group(hid_t parent, const std::string& path) {
    if (!has_link(parent, path))
        return false;
    H5O_info_t object;
    if (H5Oget_info_by_name2(parent, path.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        fail("`" + path + "` cannot be read");
    return object.type == H5O_TYPE_GROUP;
}

Id open_group(hid_t parent, const std::string& path) {
    if (!has_link(parent, path))
        throw Error(LM_INVALID_ARGUMENT, "the group `" + path + "` is missing");
    return {H5Gopen2(parent, path.c_str(), H5P_DEFAULT), H5Gclose,
            "the group `" + path + "` cannot be read"};
}

static Id with_parents() {
    Id list(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "cannot set up HDF5");
    check(H5Pset_create_intermediate_group(list, 1), "cannot set up HDF5");
    return list;
}

Id make_group(hid_t parent, const std::string& path) {
    if (has_link(parent, path))
        return open_group(parent, path);
    return {H5Gcreate2(parent, path.c_str(), with_parents(), H5P_DEFAULT, H5P_DEFAULT), H5Gclose,
            "the group `" + path + "` cannot be made"};
}

std::vector<std::string> members(hid_t group) {
    std::vector<std::string> names;
    const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
        static_cast<std::vector<std::string>*>(out)->emplace_back(name);
        return 0;
    };
    check(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names),
          "a group cannot be read");
    return names;
}

std::optional<std::string> text(hid_t object, const char* name) {
    const auto values = attribute(object, name);
    if (!values)
        return std::nullopt;
    return values->empty() ? "" : values->front();
}

std::optional<std::vector<std::string>> texts(hid_t object, const std::string& name) {
    if (auto values = attribute(object, name.c_str()))
        return values;
    std::optional<std::vector<std::string>> joined;
    for (size_t i = 0;; ++i) {
        const auto chunk = attribute(object, (name + std::to_string(i)).c_str());
        if (!chunk)
            return joined;
        if (!joined)
            joined.emplace();
        joined->insert(joined->end(), chunk->begin(), chunk->end());
    }
}

std::optional<int64_t> number(hid_t object, const char* name) {
    if (H5Aexists(object, name) <= 0)
        return std::nullopt;
    const std::string what = std::string("attribute `") + name + "` cannot be read";
    const Id id(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, what);
    const Id space(H5Aget_space(id), H5Sclose, what);
    const Id type(H5Aget_type(id), H5Tclose, what);
    if (H5Tget_class(type) != H5T_INTEGER || H5Sget_simple_extent_npoints(space) != 1)
        return std::nullopt;
    int64_t value = 0;
    check(H5Aread(id, H5T_NATIVE_INT64, &value), what);
    return value;
}

std::vector<std::string> text_attributes(hid_t object) {
    std::vector<std::string> names;
    const auto collect = [](hid_t at, const char* name, const H5A_info_t*, void* out) -> herr_t {
        const Id id(H5Aopen(at, name, H5P_DEFAULT), H5Aclose, "an attribute cannot be read");
        const Id space(H5Aget_space(id), H5Sclose, "an attribute cannot be read");
        const Id type(H5Aget_type(id), H5Tclose, "an attribute cannot be read");
        if (H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_ndims(space) == 0)
            static_cast<std::vector<std::string>*>(out)->emplace_back(name);
        return 0;
    };
    hsize_t position = 0;
    check(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &position, collect, &names),
          "the attributes cannot be read");
    return names;
}

void write_text(hid_t object, const char* name, const std::string& value) {
    const std::string what = std::string("attribute `") + name + "` cannot be written";
    const Id type = string_type(H5T_VARIABLE);
    const Id space(H5Screate(H5S_SCALAR), H5Sclose, what);
    const Id id(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, what);
    const char* pointer = value.c_str();
    check(H5Awrite(id, type, &pointer), what);
}

static void write_one(hid_t object, const std::string& name, std::span<const std::string> values,
                      size_t width) {
    const std::string what = "attribute `" + name + "` cannot be written";
    std::vector<char> bytes(values.size() * width, '\0');
    for (size_t i = 0; i < values.size(); ++i)
        std::memcpy(bytes.data() + i * width, values[i].data(), values[i].size());
    const Id type = string_type(width);
    const hsize_t count = values.size();
    const Id space(H5Screate_simple(1, &count, nullptr), H5Sclose, what);
    const Id id(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                what);
    if (count > 0)
        check(H5Awrite(id, type, bytes.data()), what);
}

void write_texts(hid_t object, const std::string& name, const std::vector<std::string>& values) {
    size_t width = 1;
    for (const std::string& value : values)
        width = std::max(width, value.size());
    if (width > kAttributeLimit)
        throw Error(LM_INVALID_ARGUMENT, "a name is too long for an attribute of HDF5");
    const size_t fit = kAttributeLimit / width;
    if (values.size() <= fit)
        return write_one(object, name, values, width);
    const std::span<const std::string> all(values);
    for (size_t at = 0, chunk = 0; at < all.size(); at += fit, ++chunk)
        write_one(object, name + std::to_string(chunk),
                  all.subspan(at, std::min(fit, all.size() - at)), width);
}

Id open_dataset(hid_t parent, const std::string& path) {
    if (!has_link(parent, path))
        throw Error(LM_INVALID_ARGUMENT, "the dataset `" + path + "` is missing");
    return {H5Dopen2(parent, path.c_str(), H5P_DEFAULT), H5Dclose,
            "the dataset `" + path + "` cannot be read"};
}

TensorType type(const Id& dataset, const std::string& path) {
    const std::string what = "the dataset `" + path + "` cannot be read";
    const Id type(H5Dget_type(dataset), H5Tclose, what);
    const Id space(H5Dget_space(dataset), H5Sclose, what);
    const int rank = H5Sget_simple_extent_ndims(space);
    check(rank, what);
    std::vector<hsize_t> dims(static_cast<size_t>(rank));
    check(H5Sget_simple_extent_dims(space, dims.data(), nullptr), what);
    const lm_dtype dtype = dtype_of(dataset, type, path);
    double bytes = static_cast<double>(size_of(dtype));
    for (const hsize_t d : dims)
        bytes *= static_cast<double>(d);
    if (bytes > kLargestRatio * static_cast<double>(file_size(dataset)))
        throw Error(LM_IO, "the HDF5 file is damaged: the dataset `" + path +
                               "` states a size that the file cannot hold");
    return {dtype, {dims.begin(), dims.end()}};
}

bool is_chunked(const Id& dataset) {
    const std::string what = "a dataset cannot be read";
    const Id list(H5Dget_create_plist(dataset), H5Pclose, what);
    return H5Pget_layout(list) == H5D_CHUNKED;
}

void read(const Id& dataset, const TensorType& type, const std::string& path,
          const std::function<void(std::span<const std::byte>)>& take) {
    const std::string what = "the dataset `" + path + "` cannot be read";
    const Id elements = number_type(type.dtype);
    // A chunk that is cut by blocks would be unpacked once for each.
    const auto limit = is_chunked(dataset) ? std::numeric_limits<int64_t>::max() : kBlock;
    std::vector<std::byte> bytes;
    for (const Block& block : blocks(type, limit)) {
        bytes.resize(static_cast<size_t>(block.elements * size_of(type.dtype)));
        const Id file = select(dataset, block, what), memory = line(block, what);
        check(H5Dread(dataset, elements, memory, file, H5P_DEFAULT, bytes.data()), what);
        take(bytes);
    }
}

void write(hid_t parent, const std::string& path, const TensorType& type,
           const std::function<void(std::span<std::byte>)>& give) {
    const std::string what = "the dataset `" + path + "` cannot be written";
    const Id elements = number_type(type.dtype);
    const std::vector<hsize_t> dims(type.dims.begin(), type.dims.end());
    const Id space(dims.empty()
                       ? H5Screate(H5S_SCALAR)
                       : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
                   H5Sclose, what);
    // Without times the same model is the same bytes.
    const Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, what);
    check(H5Pset_obj_track_times(creation, false), what);
    Id dataset(
        H5Dcreate2(parent, path.c_str(), elements, space, with_parents(), creation, H5P_DEFAULT),
        H5Dclose, what);
    std::vector<std::byte> bytes;
    for (const Block& block : blocks(type, kBlock)) {
        bytes.resize(static_cast<size_t>(block.elements * size_of(type.dtype)));
        give(bytes);
        const Id file = select(dataset, block, what), memory = line(block, what);
        check(H5Dwrite(dataset, elements, memory, file, H5P_DEFAULT, bytes.data()), what);
    }
    if (type.dtype == LM_BF16)
        write_text(dataset, "dtype", "bfloat16");
    dataset.close(what);
}

} // namespace lamina::plugin::hdf5
