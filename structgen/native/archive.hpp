// Flat arrays to bytes and back: what a vocabulary computes once, for a cache on disk.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace structgen {

// Writes vectors of plain numbers one after the other, each with its length in front.
class Writer {
public:
    template <class T>
    void operator()(const std::vector<T>& items) {
        number(items.size());
        bytes.append(reinterpret_cast<const char*>(items.data()), sizeof(T) * items.size());
    }
    void operator()(const std::vector<bool>& items) {
        std::vector<uint8_t> plain(items.begin(), items.end());
        (*this)(plain);
    }
    void operator()(uint32_t value) { number(value); }

    std::string bytes;

private:
    void number(uint64_t value) { bytes.append(reinterpret_cast<const char*>(&value), 8); }
};

// Reads them back; throws where the bytes end too soon.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    template <class T>
    void operator()(std::vector<T>& items) {
        const uint64_t size = number();
        if (size > rest_.size() / sizeof(T)) throw std::invalid_argument("the archive is cut");
        items.resize(size);
        if (size) std::memcpy(items.data(), rest_.data(), sizeof(T) * size);
        rest_.remove_prefix(sizeof(T) * size);
    }
    void operator()(std::vector<bool>& items) {
        std::vector<uint8_t> plain;
        (*this)(plain);
        items.assign(plain.begin(), plain.end());
    }
    void operator()(uint32_t& value) { value = static_cast<uint32_t>(number()); }
    bool at_end() const { return rest_.empty(); }

private:
    uint64_t number() {
        uint64_t value;
        if (rest_.size() < 8) throw std::invalid_argument("the archive is cut");
        std::memcpy(&value, rest_.data(), 8);
        rest_.remove_prefix(8);
        return value;
    }
    std::string_view rest_;
};

}  // namespace structgen
