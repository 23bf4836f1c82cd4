// Regular nodes of grammar.nodes read into flat form, and automata shown as tuples; see automaton/dfa_native.py.
//
// Nodes are read through their slots, each object once, so that nothing is made in Python on the way. The interpreter's lock
// is released while an automaton is built.
#include "automata_python.hpp"

#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <unordered_map>

#include "automata.hpp"

namespace nb = nanobind;
using namespace structgen;
using namespace structgen::automata;

namespace {

struct Unreadable {};  // not a regular node, or not as these are made: the Python form says what is wrong

// The node classes in the order of Form, and their slots; kept for the life of the process.
PyTypeObject* forms[8] = {};
PyObject *ranges_slot, *text_slot, *parts_slot, *options_slot, *body_slot, *min_slot, *max_slot, *source_slot;

// A slot's value; its node keeps it alive.
PyObject* slot(PyObject* node, PyObject* name) {
    PyObject* value = PyObject_GetAttr(node, name);
    if (!value) throw nb::python_error();
    Py_DECREF(value);
    return value;
}

uint64_t number_of(PyObject* value, uint64_t most = NO_END - 1) {
    int overflow = 0;
    const long long number = PyLong_Check(value) ? PyLong_AsLongLongAndOverflow(value, &overflow) : -1;
    if (overflow > 0) return most;
    if (number < 0 || overflow) throw Unreadable();
    return std::min<uint64_t>(static_cast<uint64_t>(number), most);
}

uint64_t bound_of(nb::handle value) { return value.is_none() ? NO_END : number_of(value.ptr()); }

void add_points(PyObject* text, std::vector<uint32_t>& points, bool surrogates) {
    if (!PyUnicode_Check(text)) throw Unreadable();
    const int kind = PyUnicode_KIND(text);
    const void* data = PyUnicode_DATA(text);
    for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(text); ++i) {
        const uint32_t point = PyUnicode_READ(kind, data, i);
        if (!surrogates && point >= 0xD800 && point < 0xE000) throw Unreadable();
        points.push_back(point);
    }
}

class Reader {
public:
    explicit Reader(const std::vector<nb::handle>& roots) {
        for (const nb::handle root : roots) number(root.ptr());
        for (size_t i = 0; i < objects_.size(); ++i) read(static_cast<uint32_t>(i), objects_[i]);
    }
    uint32_t root(nb::handle node) const { return numbers_.at(node.ptr()); }
    Regular regular;

private:
    uint32_t number(PyObject* node) {
        const auto [place, fresh] = numbers_.try_emplace(node, static_cast<uint32_t>(objects_.size()));
        if (fresh) {
            objects_.push_back(node);
            regular.nodes.push_back({Form::SEQ});
        }
        return place->second;
    }

    void read(uint32_t number, PyObject* node) {
        int form = 0;
        while (form < 8 && Py_TYPE(node) != forms[form]) ++form;
        if (form == 8) throw Unreadable();
        Regular::Node out{static_cast<Form>(form)};
        switch (out.form) {
            case Form::CHARS: out.first = set(slot(node, ranges_slot)); break;
            case Form::STR: text(out, slot(node, text_slot)); break;
            case Form::SUBSTRINGS: text(out, slot(node, source_slot)); break;
            case Form::SEQ: case Form::AND: parts(out, slot(node, parts_slot)); break;
            case Form::ALT: parts(out, slot(node, options_slot)); break;
            case Form::REPEAT: {
                out.least = number_of(slot(node, min_slot));
                out.most = bound_of(slot(node, max_slot));
                if (out.most < out.least) throw Unreadable();
                part(out, slot(node, body_slot));
                break;
            }
            case Form::NOT: part(out, slot(node, body_slot)); break;
        }
        regular.nodes[number] = out;
    }

    void part(Regular::Node& out, PyObject* body) {
        out.first = static_cast<uint32_t>(regular.parts.size());
        out.count = 1;
        regular.parts.push_back(number(body));
    }

    void parts(Regular::Node& out, PyObject* tuple) {
        if (!PyTuple_Check(tuple)) throw Unreadable();
        out.first = static_cast<uint32_t>(regular.parts.size());
        out.count = static_cast<uint32_t>(PyTuple_GET_SIZE(tuple));
        for (uint32_t i = 0; i < out.count; ++i) regular.parts.push_back(number(PyTuple_GET_ITEM(tuple, i)));
    }

    void text(Regular::Node& out, PyObject* text) {
        out.first = static_cast<uint32_t>(regular.points.size());
        add_points(text, regular.points, out.form == Form::STR);
        out.count = static_cast<uint32_t>(regular.points.size()) - out.first;
    }

    uint32_t set(PyObject* ranges) {
        const auto [place, fresh] = sets_.try_emplace(ranges, NO_STATE);
        if (!fresh) return place->second;
        if (!PyTuple_Check(ranges)) throw Unreadable();
        std::vector<uint32_t> flat;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(ranges); ++i) {
            PyObject* pair = PyTuple_GET_ITEM(ranges, i);
            if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) throw Unreadable();
            const uint64_t low = number_of(PyTuple_GET_ITEM(pair, 0)), high = number_of(PyTuple_GET_ITEM(pair, 1));
            if (low > high || high > 0x10FFFF || (!flat.empty() && low <= flat.back())) throw Unreadable();
            flat.push_back(static_cast<uint32_t>(low)), flat.push_back(static_cast<uint32_t>(high));
        }
        const auto [number, unknown] = contents_.add(flat);
        if (unknown) {
            Ranges& out = regular.sets.emplace_back();
            for (size_t i = 0; i < flat.size(); i += 2) out.emplace_back(flat[i], flat[i + 1]);
        }
        return place->second = number;
    }

    std::unordered_map<PyObject*, uint32_t> numbers_, sets_;
    std::vector<PyObject*> objects_;
    Interner contents_;
};

nb::object shown(const Made& made) {
    return made ? nb::cast(std::const_pointer_cast<Automaton>(made)) : nb::none();
}

// The texts of strings in UTF-8, which Python keeps beside them.
std::string_view utf8(PyObject* text) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &size) : nullptr;
    if (!data) {
        PyErr_Clear();
        throw Unreadable();
    }
    return {data, static_cast<size_t>(size)};
}

std::vector<std::string_view> texts(nb::handle list) {
    std::vector<std::string_view> out;
    nb::object fast = nb::steal(PySequence_Fast(list.ptr(), "a list of texts"));
    if (!fast.is_valid()) throw nb::python_error();
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(fast.ptr());
    out.reserve(static_cast<size_t>(size));
    for (Py_ssize_t i = 0; i < size; ++i) out.push_back(utf8(PySequence_Fast_GET_ITEM(fast.ptr(), i)));
    return out;
}

// The texts of a node that is a choice of literal ones; false where it is not.
bool literal_options(PyObject* node, std::vector<std::string_view>& out) {
    if (Py_TYPE(node) == forms[static_cast<int>(Form::STR)]) {
        out.push_back(utf8(slot(node, text_slot)));
        return true;
    }
    if (Py_TYPE(node) != forms[static_cast<int>(Form::ALT)]) return false;
    PyObject* options = slot(node, options_slot);
    if (!PyTuple_Check(options) || !PyTuple_GET_SIZE(options)) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(options); ++i)
        if (Py_TYPE(PyTuple_GET_ITEM(options, i)) != forms[static_cast<int>(Form::STR)]) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(options); ++i)
        out.push_back(utf8(slot(PyTuple_GET_ITEM(options, i), text_slot)));
    return true;
}

Made language(PyObject* node, Budget& budget) {
    std::vector<std::string_view> words;
    if (literal_options(node, words)) {
        nb::gil_scoped_release unlocked;  // the texts belong to the node, which the caller holds
        return of_strings(std::move(words));
    }
    const Reader reader({node});
    nb::gil_scoped_release unlocked;
    const Regular& regular = reader.regular;
    if (regular.nodes[0].form == Form::SUBSTRINGS) return of_substrings(regular.points);
    Alphabet alphabet(regular);
    return spell(rows_of(regular, 0, alphabet, budget), alphabet, budget, false);
}

// What a builder gives; False where the Python form must answer, the number of a budget where that ran out.
template <class Build>
nb::object answer(Build build) {
    try {
        if constexpr (std::is_same_v<decltype(build()), Made>) return shown(build());
        else return build();
    } catch (const Exceeded& e) {
        return nb::int_(static_cast<int>(e.limit));
    } catch (const Unreadable&) {
        return nb::bool_(false);
    }
}

template <class T, class Show>
nb::tuple tuple_of(const std::vector<T>& values, Show show) {
    nb::tuple out = nb::steal<nb::tuple>(PyTuple_New(static_cast<Py_ssize_t>(values.size())));
    if (!out.is_valid()) throw nb::python_error();
    for (size_t i = 0; i < values.size(); ++i)
        PyTuple_SET_ITEM(out.ptr(), static_cast<Py_ssize_t>(i), nb::object(show(values[i])).release().ptr());
    return out;
}

// Spans of a flat vector as a tuple of tuples.
template <class T, class Show>
nb::tuple spans_of(const std::vector<uint32_t>& start, const std::vector<T>& values, Show show) {
    const size_t n = start.size() - 1;
    nb::tuple out = nb::steal<nb::tuple>(PyTuple_New(static_cast<Py_ssize_t>(n)));
    if (!out.is_valid()) throw nb::python_error();
    for (size_t i = 0; i < n; ++i) {
        nb::tuple row = nb::steal<nb::tuple>(PyTuple_New(static_cast<Py_ssize_t>(start[i + 1] - start[i])));
        if (!row.is_valid()) throw nb::python_error();
        for (uint32_t j = start[i]; j < start[i + 1]; ++j)
            PyTuple_SET_ITEM(row.ptr(), static_cast<Py_ssize_t>(j - start[i]), nb::object(show(values[j])).release().ptr());
        PyTuple_SET_ITEM(out.ptr(), static_cast<Py_ssize_t>(i), row.release().ptr());
    }
    return out;
}

nb::int_ whole(uint32_t number) { return nb::int_(number); }

int32_t label_of(const Automaton& dfa, std::string_view text) {
    uint32_t state = dfa.start;
    for (const char c : text) {
        const uint32_t byte = static_cast<uint8_t>(c);
        uint32_t target = NO_STATE;
        for (uint32_t e = dfa.edge_start[state]; e < dfa.edge_start[state + 1]; ++e)
            if (dfa.edges[e].low <= byte && byte <= dfa.edges[e].high) target = dfa.edges[e].target;
        if (target == NO_STATE) return -1;
        state = target;
    }
    return dfa.accept[state];
}

// An automaton that was made in Python, from its tuples.
Automaton from_tuples(uint32_t start, nb::handle edges, const std::vector<int32_t>& accept, const std::vector<uint32_t>& least,
                      const std::vector<uint32_t>& most, const std::vector<uint32_t>& count, nb::handle labels) {
    Automaton out;
    out.start = start;
    out.accept = accept, out.min_length = least, out.max_length = most, out.count = count;
    for (nb::handle row : edges) {
        for (nb::handle edge : row) {
            const auto triple = nb::cast<nb::tuple>(edge);
            out.edges.push_back({nb::cast<uint32_t>(triple[0]), nb::cast<uint32_t>(triple[1]), nb::cast<uint32_t>(triple[2])});
        }
        out.edge_start.push_back(static_cast<uint32_t>(out.edges.size()));
    }
    for (nb::handle row : labels) {
        for (nb::handle label : row) out.labels.push_back(nb::cast<uint32_t>(label));
        out.label_start.push_back(static_cast<uint32_t>(out.labels.size()));
    }
    if (out.labels.empty()) out.label_start.assign(accept.size() + 1, 0);
    if (!out.sound()) throw nb::value_error("malformed automaton");
    return out;
}

}  // namespace

void structgen::bind_automata(nb::module_& m) {
    ranges_slot = PyUnicode_InternFromString("ranges"), text_slot = PyUnicode_InternFromString("text");
    parts_slot = PyUnicode_InternFromString("parts"), options_slot = PyUnicode_InternFromString("options");
    body_slot = PyUnicode_InternFromString("body"), source_slot = PyUnicode_InternFromString("source");
    min_slot = PyUnicode_InternFromString("min"), max_slot = PyUnicode_InternFromString("max");

    nb::class_<Automaton>(m, "Automaton")
        .def("__init__", [](Automaton* self, uint32_t start, nb::handle edges, const std::vector<int32_t>& accept,
                            const std::vector<uint32_t>& least, const std::vector<uint32_t>& most,
                            const std::vector<uint32_t>& count, nb::handle labels) {
            new (self) Automaton(from_tuples(start, edges, accept, least, most, count, labels));
        })
        .def_ro("start", &Automaton::start)
        .def_prop_ro("edges", [](const Automaton& dfa) {
            return spans_of(dfa.edge_start, dfa.edges, [](const Edge& e) { return nb::make_tuple(e.low, e.high, e.target); });
        })
        .def_prop_ro("accept", [](const Automaton& dfa) { return tuple_of(dfa.accept, [](int32_t l) { return nb::int_(l); }); })
        .def_prop_ro("min_length", [](const Automaton& dfa) { return tuple_of(dfa.min_length, whole); })
        .def_prop_ro("max_length", [](const Automaton& dfa) { return tuple_of(dfa.max_length, whole); })
        .def_prop_ro("count", [](const Automaton& dfa) { return tuple_of(dfa.count, whole); })
        .def_prop_ro("labels", [](const Automaton& dfa) {
            return dfa.labels.empty() ? nb::steal<nb::tuple>(PyTuple_New(0)) : spans_of(dfa.label_start, dfa.labels, whole);
        })
        .def_prop_ro("ascii_only", [](const Automaton& dfa) {
            return std::all_of(dfa.edges.begin(), dfa.edges.end(), [](const Edge& e) { return e.high < 0x80; });
        })
        .def_prop_ro("is_any", [](const Automaton& dfa) {
            return dfa.n_states() == 1 && dfa.labels.empty() && dfa.edges.size() == 1 && dfa.edges[0].low == 0 &&
                   dfa.edges[0].high == 255;
        })
        .def_prop_ro("n_states", &Automaton::n_states)
        .def_prop_ro("texts", [](const Automaton& dfa) { return dfa.count[dfa.start]; })
        .def("label", [](const Automaton& dfa, nb::bytes text) { return label_of(dfa, {text.c_str(), text.size()}); });

    m.def("set_nodes", [](nb::tuple classes) {
        for (int form = 0; form < 8; ++form) forms[form] = reinterpret_cast<PyTypeObject*>(nb::object(classes[form]).release().ptr());
    });
    m.def("compile_language", [](nb::handle node, uint64_t states, uint64_t steps, uint64_t depth) {
        return answer([&] {
            Budget budget(states, steps, depth);
            return shown(language(node.ptr(), budget));
        });
    });
    m.def("compile_text", [](nb::handle node, nb::handle least, nb::handle most, uint64_t states, uint64_t steps, uint64_t depth) {
        return answer([&]() -> nb::object {
            const uint64_t minimum = bound_of(least), maximum = bound_of(most);
            Budget budget(states, steps, depth);
            const Made dfa = language(node.ptr(), budget);
            Made bounded;
            if (dfa) {
                nb::gil_scoped_release unlocked;
                bounded = bound_length(dfa, minimum, maximum, budget);
            }
            if (!bounded) return nb::none();
            const bool counts = bounded == dfa;
            const bool below = counts && minimum > dfa->min_length[dfa->start];
            const bool above = counts && maximum != NO_END && maximum < dfa->max_length[dfa->start];
            return nb::make_tuple(shown(bounded), below ? nb::borrow(least) : nb::object(nb::int_(0)),
                                  above ? nb::borrow(most) : nb::none());
        });
    }, nb::arg("node"), nb::arg("minimum"), nb::arg("maximum").none(), nb::arg("states"), nb::arg("steps"), nb::arg("depth"));
    m.def("compile_labelled", [](nb::list languages, uint64_t states, uint64_t steps, uint64_t depth) {
        return answer([&] {
            std::vector<nb::handle> roots;
            std::vector<std::pair<int32_t, uint32_t>> labelled;
            for (nb::handle pair : languages) {
                roots.push_back(pair[1]);
                labelled.emplace_back(nb::cast<int32_t>(pair[0]), 0);
            }
            const Reader reader(roots);
            for (size_t i = 0; i < roots.size(); ++i) labelled[i].second = reader.root(roots[i]);
            Made made;
            {
                nb::gil_scoped_release unlocked;
                std::stable_sort(labelled.begin(), labelled.end(), [](auto& a, auto& b) { return a.first < b.first; });
                Budget budget(states, steps, depth);
                Alphabet alphabet(reader.regular);
                made = spell(labelled_rows(reader.regular, labelled, alphabet, budget), alphabet, budget, true);
            }
            return shown(made);
        });
    });
    m.def("bound_length", [](std::shared_ptr<Automaton> dfa, nb::handle least, nb::handle most, uint64_t states, uint64_t steps) {
        return answer([&]() -> nb::object {
            const uint64_t minimum = bound_of(least), maximum = bound_of(most);
            const Made before = dfa;
            Made made;
            {
                nb::gil_scoped_release unlocked;
                made = bound_length(before, minimum, maximum, Budget(states, steps, 0));
            }
            return made == before ? nb::object(nb::bool_(true)) : shown(made);
        });
    }, nb::arg("dfa"), nb::arg("minimum"), nb::arg("maximum").none(), nb::arg("states"), nb::arg("steps"));
    m.def("compile_strings", [](nb::handle strings) {
        return answer([&] { return shown(of_strings(texts(strings))); });
    });
    m.def("compile_names", [](nb::handle names, const Automaton* other, uint64_t most) {
        return answer([&] {
            const std::vector<std::string_view> spelled = texts(names);
            size_t size = 0;
            for (const std::string_view name : spelled) size += name.size();
            if (size > most) throw Unreadable();
            return shown(of_names(spelled, other));
        });
    }, nb::arg("names"), nb::arg("other").none(), nb::arg("most"));
    m.def("compile_substrings", [](nb::handle source) {
        return answer([&] {
            std::vector<uint32_t> points;
            add_points(source.ptr(), points, false);
            nb::gil_scoped_release unlocked;
            return of_substrings(points);
        });
    });
}
