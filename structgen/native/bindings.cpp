// What Python sees of the native engine; structgen/_native.pyi is its readable form.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "automata_python.hpp"
#include "logits.hpp"
#include "lowering.hpp"
#include "schemas.hpp"

namespace nb = nanobind;
using namespace structgen;

namespace {

// structgen.errors.LimitExceededError and VocabularyError, set once by matching.native_engine and kept.
PyObject *limit_error = nullptr, *vocabulary_error = nullptr;

// A buffer of 32-bit words (array("I"), numpy, bytes).
std::vector<uint32_t> words(nb::handle source) {
    Py_buffer view;
    if (PyObject_GetBuffer(source.ptr(), &view, PyBUF_C_CONTIGUOUS)) throw nb::python_error();
    const auto* first = static_cast<const uint32_t*>(view.buf);
    std::vector<uint32_t> out(first, first + view.len / 4);
    PyBuffer_Release(&view);
    return out;
}

template <class T>
std::vector<T> triples(nb::handle source) {
    const std::vector<uint32_t> flat = words(source);
    std::vector<T> out;
    out.reserve(flat.size() / 3);
    for (size_t i = 0; i + 2 < flat.size(); i += 3) out.push_back({flat[i], flat[i + 1], flat[i + 2]});
    return out;
}

// A mask buffer of the caller: int32 [B, W] or [W], numpy or a torch CPU tensor.
struct Buffer {
    uint32_t* data = nullptr;
    size_t rows = 0, stride = 0, columns = 0;
};

[[noreturn]] void refuse_buffer(uint32_t needed) {
    const std::string what = "a mask buffer is int32 [B, " + std::to_string(needed) + "], contiguous in its rows, on the CPU";
    throw nb::value_error(what.c_str());
}

Buffer from_view(const Py_buffer& view, uint32_t needed) {
    const bool integer = view.itemsize == 4 && view.format && (view.format[0] == 'i' || view.format[0] == 'l' ||
                                                               view.format[0] == 'I' || view.format[0] == 'L');
    if (!integer || view.ndim < 1 || view.ndim > 2 || view.strides[view.ndim - 1] != 4) refuse_buffer(needed);
    Buffer buffer;
    buffer.data = static_cast<uint32_t*>(view.buf);
    buffer.rows = view.ndim == 2 ? static_cast<size_t>(view.shape[0]) : 1;
    buffer.columns = static_cast<size_t>(view.shape[view.ndim - 1]);
    buffer.stride = view.ndim == 2 ? static_cast<size_t>(view.strides[0] / 4) : 0;
    if (buffer.columns < needed || (view.ndim == 2 && view.strides[0] < 0)) refuse_buffer(needed);
    return buffer;
}

// A torch tensor has no buffer protocol: asked once for its layout, and for its address at every call.
Buffer from_tensor(nb::handle out, uint32_t needed) {
    if (!nb::hasattr(out, "data_ptr")) refuse_buffer(needed);
    nb::object array = out.attr("detach")().attr("numpy")();
    Py_buffer view;
    if (PyObject_GetBuffer(array.ptr(), &view, PyBUF_STRIDES | PyBUF_FORMAT | PyBUF_WRITABLE)) throw nb::python_error();
    Buffer buffer;
    try {
        buffer = from_view(view, needed);
    } catch (...) {
        PyBuffer_Release(&view);
        throw;
    }
    PyBuffer_Release(&view);
    return buffer;
}

PyObject* data_ptr_name = nullptr;

// Remembers the last buffer, since asking numpy for one costs as much as the copy of a mask. A view is held meanwhile, so
// that its memory stays where it is; a tensor has no views and is asked for its address each time, since it can be moved.
class LastBuffer {
public:
    LastBuffer() = default;
    LastBuffer(const LastBuffer&) = delete;
    LastBuffer& operator=(const LastBuffer&) = delete;
    ~LastBuffer() { forget(); }

    const Buffer& of(nb::handle out, uint32_t needed) {
        if (last_.ptr() == out.ptr() && (view_.obj || address(out) == buffer_.data)) return buffer_;
        forget();
        if (PyObject_CheckBuffer(out.ptr())) {
            if (PyObject_GetBuffer(out.ptr(), &view_, PyBUF_STRIDES | PyBUF_FORMAT | PyBUF_WRITABLE)) throw nb::python_error();
            buffer_ = from_view(view_, needed);
        } else {
            buffer_ = from_tensor(out, needed);
        }
        last_ = nb::borrow(out);
        return buffer_;
    }

private:
    static uint32_t* address(nb::handle tensor) {
        PyObject* number = PyObject_CallMethodNoArgs(tensor.ptr(), data_ptr_name);
        if (!number) throw nb::python_error();
        auto* data = reinterpret_cast<uint32_t*>(PyLong_AsSize_t(number));
        Py_DECREF(number);
        return data;
    }
    void forget() {
        last_ = nb::object();
        if (view_.obj) PyBuffer_Release(&view_);
        view_ = Py_buffer{};
    }

    nb::object last_;
    Py_buffer view_{};
    Buffer buffer_;
};

class PyMatcher : public Matcher {
public:
    using Matcher::Matcher;
    explicit PyMatcher(const PyMatcher& other) : Matcher(other) {}
    LastBuffer last;
};

void write_row(Matcher& matcher, const Buffer& buffer, size_t row, uint32_t needed, bool locked) {
    if (row >= buffer.rows) {
        const std::string what = "row " + std::to_string(row) + " of a mask buffer with " + std::to_string(buffer.rows) + " rows";
        throw nb::index_error(what.c_str());
    }
    uint32_t* out = buffer.data + row * buffer.stride;
    if (locked) matcher.fill_locked(out);
    else matcher.fill(out);
    std::fill(out + needed, out + buffer.columns, 0u);
}

void fill_mask(PyMatcher& matcher, nb::handle out, size_t row) {
    const uint32_t needed = matcher.grammar->engine.vocabulary->words();
    write_row(matcher, matcher.last.of(out, needed), row, needed, false);
}

// Fills rows of one buffer with the interpreter lock released once; each grammar's mutex is taken per run of its rows.
void fill_batch(const std::vector<PyMatcher*>& matchers, const std::vector<size_t>& rows, nb::handle out) {
    if (matchers.empty()) return;
    const uint32_t needed = matchers[0]->grammar->engine.vocabulary->words();
    nb::object array = PyObject_CheckBuffer(out.ptr()) ? nb::borrow(out) : nb::object(out.attr("detach")().attr("numpy")());
    Py_buffer view;
    if (PyObject_GetBuffer(array.ptr(), &view, PyBUF_STRIDES | PyBUF_FORMAT | PyBUF_WRITABLE)) throw nb::python_error();
    struct Release {
        Py_buffer* view;
        ~Release() { PyBuffer_Release(view); }
    } release{&view};
    const Buffer buffer = from_view(view, needed);
    for (size_t i = 0; i < matchers.size(); ++i)
        if (matchers[i]->grammar->engine.vocabulary->words() != needed || rows[i] >= buffer.rows) refuse_buffer(needed);
    nb::gil_scoped_release unlocked;
    for (size_t i = 0; i < matchers.size();) {
        Engine& engine = matchers[i]->grammar->engine;
        std::lock_guard lock(engine.mutex);
        for (; i < matchers.size() && &matchers[i]->grammar->engine == &engine; ++i)
            write_row(*matchers[i], buffer, rows[i], needed, true);
    }
}

void check_token(const Matcher& matcher, int64_t token) {
    const uint32_t size = matcher.grammar->engine.vocabulary->size();
    if (token < 0 || token >= size) {
        const std::string what = "token id " + std::to_string(token) + " is outside the vocabulary: it has ids 0 to " +
                                 std::to_string(size - 1) + "; check that the tokenizer is the model's";
        nb::object error = nb::handle(vocabulary_error)(nb::str(what.c_str()));
        PyErr_SetObject(vocabulary_error, error.ptr());
        throw nb::python_error();
    }
}

Limits limits_of(uint64_t threads, uint64_t cache_bytes, uint64_t mask_steps) {
    return {std::min<uint64_t>(threads, 0xFFFF), cache_bytes, mask_steps};  // a configuration counts its threads in 16 bits
}

std::shared_ptr<Grammar> make_grammar(std::shared_ptr<Vocabulary> vocabulary, uint32_t start, nb::handle states,
                                      nb::handle edges, nb::handle targets, nb::handle returns, nb::handle spans,
                                      const std::vector<std::shared_ptr<Dfa>>& dfas, nb::list key_sets, std::optional<nb::tuple> names,
                                      uint64_t threads, uint64_t cache_bytes, uint64_t mask_steps) {
    auto tables = std::make_shared<Tables>();
    tables->start = start;
    tables->states = triples<State>(states);
    tables->edges = triples<Edge>(edges);
    tables->targets = words(targets);
    tables->returns = words(returns);
    const std::vector<uint32_t> flat = words(spans);
    for (size_t i = 0; i + 5 < flat.size(); i += 6)
        tables->spans.push_back({flat[i], static_cast<uint8_t>(flat[i + 1]), static_cast<Role>(flat[i + 2]), flat[i + 3], flat[i + 4],
                                 flat[i + 5]});
    tables->dfas.assign(dfas.begin(), dfas.end());
    for (nb::handle item : key_sets) {
        auto key = nb::cast<nb::tuple>(item);
        auto flags = [](nb::handle h) {
            auto raw = nb::cast<nb::bytes>(h);
            const auto* p = static_cast<const uint8_t*>(raw.data());
            return std::vector<uint8_t>(p, p + raw.size());
        };
        tables->key_sets.push_back({flags(key[0]), flags(key[1]), nb::cast<bool>(key[2]), nb::cast<uint32_t>(key[3]),
                                    nb::cast<uint32_t>(key[4]), nb::cast<uint32_t>(key[5])});
    }
    if (names) {
        const nb::tuple& parts = *names;
        tables->names.relations = nb::cast<std::vector<std::vector<uint32_t>>>(parts[0]);
        tables->names.own = nb::cast<std::vector<uint32_t>>(parts[1]);
        tables->names.declared = nb::cast<std::vector<uint32_t>>(parts[2]);
        tables->names.most = nb::cast<uint32_t>(parts[3]);
        const auto steps = nb::cast<std::vector<uint32_t>>(parts[4]);
        for (size_t i = 0; i + 1 < steps.size(); i += 2) tables->names.steps.push_back({steps[i], steps[i + 1]});
    }
    tables->check();
    return std::make_shared<Grammar>(std::move(vocabulary), std::move(tables), limits_of(threads, cache_bytes, mask_steps));
}

template <class T>
nb::bytes as_bytes(const std::vector<T>& values) {
    return nb::bytes(reinterpret_cast<const char*>(values.data()), sizeof(T) * values.size());
}

// What automaton.tables.Tables is made of, apart from the automata.
nb::tuple tables_of(const Grammar& grammar) {
    const Tables& t = *grammar.engine.tables;
    nb::list spans, key_sets;
    for (const Span& s : t.spans)
        spans.append(nb::make_tuple(s.dfa, static_cast<int>(s.encoding), static_cast<int>(s.role), s.min_length, s.max_length, s.key_set));
    for (const KeySet& k : t.key_sets)
        key_sets.append(nb::make_tuple(as_bytes(k.required), as_bytes(k.forbidden), k.ordered, k.min_count, k.max_count, k.others));
    return nb::make_tuple(t.start, as_bytes(t.states), as_bytes(t.edges), as_bytes(t.targets), as_bytes(t.returns), spans, key_sets);
}

nb::bytes text_of(const Stores& stores, uint32_t text) {
    std::string reversed;
    for (; text > TextStore::UNLIKE; text = stores.texts.parent(text))
        reversed.push_back(static_cast<char>(stores.texts.byte(text)));
    if (text == TextStore::JSON || text == TextStore::RAW) reversed.push_back(text == TextStore::JSON ? '\0' : '\1');
    std::reverse(reversed.begin(), reversed.end());
    return nb::bytes(reversed.data(), reversed.size());
}

// Used texts, as the Python engine spells them: an item's first byte says how it is written.
nb::list used_texts(const Stores& stores, uint32_t set) {
    nb::list out;
    for (const uint32_t* t = stores.sets.begin(set); t != stores.sets.end(set); ++t) out.append(text_of(stores, *t));
    return out;
}

nb::tuple registers_of(const Stores& stores, const Registers& r) {
    return nb::make_tuple(r.count, r.seen, used_texts(stores, r.texts), r.scope);
}

// Where a matcher stands, for matching.completion: (state, registers, reading or None, [(slot, registers), ...]).
nb::list threads_of(PyMatcher& matcher) {
    nb::list out;
    Engine& engine = matcher.grammar->engine;
    std::lock_guard lock(engine.mutex);
    if (matcher.finished()) return out;
    const Stores& stores = engine.stores();
    for (const Thread& t : engine.threads(matcher.configuration())) {
        const bool reads = engine.tables->states[t.state].kind == SPAN;
        nb::list waiting;
        for (uint32_t id = t.frame; id != 0;) {
            const Frame frame = engine.frame(id);
            waiting.append(nb::make_tuple(frame.slot, registers_of(stores, frame.registers)));
            id = frame.parent;
        }
        nb::object reading = nb::none();
        if (reads) reading = nb::make_tuple(t.a, t.b, t.c, text_of(stores, t.d));
        out.append(nb::make_tuple(t.state, registers_of(stores, reads ? Registers{} : t.registers()), reading, waiting));
    }
    return out;
}

// Rows of logits and of masks by their addresses, which `device.apply` takes from tensors on the CPU that it has checked.
template <class T>
void forbid_rows(uintptr_t logits, size_t columns, size_t stride, uintptr_t mask, size_t words, size_t mask_stride,
                 const std::vector<size_t>& places, uint64_t infinity) {
    for (size_t row = 0; row < places.size(); ++row)
        forbid_row(reinterpret_cast<T*>(logits) + places[row] * stride, columns,
                   reinterpret_cast<const uint32_t*>(mask) + row * mask_stride, words, static_cast<T>(infinity));
}

void forbid(uintptr_t logits, size_t bytes, size_t columns, size_t stride, uintptr_t mask, size_t words, size_t mask_stride,
            const std::vector<size_t>& places, uint64_t infinity) {
    auto rows = bytes == 2 ? &forbid_rows<uint16_t> : bytes == 4 ? &forbid_rows<uint32_t> : &forbid_rows<uint64_t>;
    rows(logits, columns, stride, mask, words, mask_stride, places, infinity);
}

}  // namespace

NB_MODULE(_native, m) {
    nb::set_leak_warnings(false);  // matchers alive at interpreter exit are no leak
    data_ptr_name = PyUnicode_InternFromString("data_ptr");
    m.def("set_errors", [](nb::object limit, nb::object vocabulary) {
        limit_error = limit.release().ptr();
        vocabulary_error = vocabulary.release().ptr();
    });
    nb::register_exception_translator([](const std::exception_ptr& p, void*) {
        try {
            std::rethrow_exception(p);
        } catch (const LimitError& e) {
            nb::object error = nb::handle(limit_error)(nb::str(e.what()), nb::arg("limit") = e.field);
            PyErr_SetObject(limit_error, error.ptr());
        }
    });

    nb::class_<Vocabulary>(m, "Vocabulary")
        .def("__init__",
             [](Vocabulary* self, nb::bytes data, nb::handle offsets, std::vector<uint32_t> end_tokens,
                std::optional<nb::bytes> archive) {
                 std::string text(data.c_str(), data.size());
                 std::vector<uint32_t> places = words(offsets);
                 if (places.empty() || places.back() != text.size()) throw nb::value_error("offsets do not fit the data");
                 for (uint32_t t : end_tokens)
                     if (t + 1 >= places.size()) throw nb::value_error("an end token is outside the vocabulary");
                 nb::gil_scoped_release unlocked;
                 if (archive)
                     new (self) Vocabulary(std::move(text), std::move(places), std::move(end_tokens),
                                           {archive->c_str(), archive->size()});
                 else
                     new (self) Vocabulary(std::move(text), std::move(places), std::move(end_tokens));
             }, nb::arg("data"), nb::arg("offsets"), nb::arg("end_tokens"), nb::arg("archive") = nb::none())
        .def("archive", [](Vocabulary& v) {
            const std::string bytes = v.archive();
            return nb::bytes(bytes.data(), bytes.size());
        })
        .def("memory_bytes", &Vocabulary::bytes)
        .def_prop_ro("trie_nodes", [](const Vocabulary& v) { return v.trie.size(); });

    bind_automata(m);
    bind_schemas(m);
    nb::class_<Dfa>(m, "Dfa").def(nb::init<const Automaton&>());

    m.def("names", [](const std::vector<nb::bytes>& names, bool other) {
        std::vector<std::string_view> texts;
        for (const nb::bytes& name : names) texts.emplace_back(name.c_str(), name.size());
        return Dfa::of_names(texts, other);
    });

    nb::class_<Grammar>(m, "Grammar")
        .def_prop_ro("is_empty", [](Grammar& g) {
            return g.engine.empty(g.engine.start()) && !g.engine.accepting(g.engine.start());
        })
        .def("is_small", [](Grammar& g, size_t most) { return g.engine.tables->is_small(most); })
        .def("tables", &tables_of)
        .def_prop_ro("n_states", [](Grammar& g) { return g.engine.tables->states.size(); })
        .def("explore", [](Grammar& g, uint32_t budget, uint64_t max_states, uint64_t max_bytes) {
            nb::gil_scoped_release unlocked;
            std::lock_guard lock(g.engine.mutex);
            return g.engine.explore(budget, max_states, max_bytes);
        })
        .def("memory_bytes", [](Grammar& g) {
            std::lock_guard lock(g.engine.mutex);
            size_t bytes = g.engine.memory_bytes() + g.engine.tables->bytes();
            for (const auto& dfa : g.engine.tables->dfas) bytes += dfa->bytes();
            return bytes;
        })
        .def_prop_ro("n_configurations", [](Grammar& g) { return g.engine.n_configurations(); })
        .def_prop_ro("explored", [](Grammar& g) { return g.engine.explored(); })
        .def_prop_ro("masks_computed", [](Grammar& g) { return g.engine.masks_computed; })
        .def_prop_ro("cold_steps", [](Grammar& g) { return g.engine.cold_steps; })
        .def_prop_ro("nodes_visited", [](Grammar& g) { return g.engine.nodes_visited; });
    m.def("make_grammar", &make_grammar);

    nb::class_<Lowering>(m, "Lowering")
        .def(nb::init<nb::list, nb::dict, nb::object, nb::object, nb::object>())
        .def("lower", [](Lowering& self, std::shared_ptr<Vocabulary> vocabulary, nb::handle grammar, nb::handle limits,
                         nb::handle native_dfa, uint64_t states, uint64_t threads, uint64_t cache_bytes, uint64_t mask_steps) {
            return self.lower(std::move(vocabulary), grammar, limits, native_dfa, states,
                              limits_of(threads, cache_bytes, mask_steps));
        });

    nb::class_<PyMatcher>(m, "Matcher")
        .def(nb::init<std::shared_ptr<Grammar>>())
        .def(nb::init<const PyMatcher&>())
        .def("fill_mask", &fill_mask, nb::arg("out"), nb::arg("row") = 0)
        .def("mask_by_steps", [](PyMatcher& self) {
            std::vector<uint32_t> row(self.grammar->engine.vocabulary->words());
            self.fill_by_steps(row.data());
            return nb::bytes(reinterpret_cast<const char*>(row.data()), 4 * row.size());
        })
        .def("advance", [](PyMatcher& self, int64_t token) {
            check_token(self, token);
            return self.advance(static_cast<uint32_t>(token));
        }, nb::arg("token_id"))
        .def("advance_bytes", [](PyMatcher& self, nb::bytes text) {
            return self.advance_text({text.c_str(), text.size()});
        }, nb::arg("text"))
        .def("rollback", [](PyMatcher& self, int64_t count) {
            if (count < 0 || !self.rollback(static_cast<size_t>(count))) {
                const std::string what = "cannot roll back " + std::to_string(count) + " tokens: " +
                                         std::to_string(self.taken()) + " were taken";
                throw nb::value_error(what.c_str());
            }
        }, nb::arg("count"))
        .def("reset", &Matcher::reset)
        .def("threads", &threads_of)
        .def("names", [](PyMatcher& self, uint32_t seen) {
            std::lock_guard lock(self.grammar->engine.mutex);
            const SetStore& names = self.grammar->engine.stores().names;
            return std::vector<uint32_t>(names.begin(seen), names.end(seen));
        }, nb::arg("seen"))
        .def("number_rules", [](PyMatcher& self, uint32_t scope) {
            std::lock_guard lock(self.grammar->engine.mutex);
            return self.grammar->engine.scopes().boxes.rules(scope);
        }, nb::arg("scope"))
        .def_prop_ro("is_accepting", &Matcher::accepting)
        .def_prop_ro("is_finished", &Matcher::finished)
        .def_prop_ro("taken", &Matcher::taken)
        .def_prop_ro("configuration", &Matcher::configuration);
    m.def("fill_batch", &fill_batch);
    m.def("forbid", &forbid);
}
