// Reads the objects of grammar/nodes.py: frozen classes with slots, whose fields lie at fixed places.
#pragma once

#include <nanobind/nanobind.h>
#include <structmember.h>

#include <vector>

#include "tables.hpp"

namespace structgen {

// Thrown where Python has to lower the grammar.
struct Refused {};

// A class of nodes: where its fields are in an object, and what the fields that are not known here must be.
struct NodeClass {
    PyTypeObject* type = nullptr;
    std::vector<Py_ssize_t> fields;
    std::vector<std::pair<Py_ssize_t, nanobind::object>> others;
};

inline uint32_t count_of(PyObject* number) {
    int overflow = 0;
    const long long value = PyLong_Check(number) ? PyLong_AsLongLongAndOverflow(number, &overflow) : -1;
    if (overflow || value < 0 || value >= INFINITE) throw Refused();
    return static_cast<uint32_t>(value);
}

inline uint32_t count_or_infinite(PyObject* number) { return number == Py_None ? INFINITE : count_of(number); }

// A tuple's items, in order.
struct Tuple {
    explicit Tuple(PyObject* tuple) : tuple(tuple) {
        if (!PyTuple_CheckExact(tuple)) throw Refused();
    }
    size_t size() const { return static_cast<size_t>(PyTuple_GET_SIZE(tuple)); }
    PyObject* operator[](size_t i) const { return PyTuple_GET_ITEM(tuple, static_cast<Py_ssize_t>(i)); }
    PyObject* tuple;
};

inline Py_ssize_t offset_of(PyTypeObject* type, const char* name) {
    const nanobind::object found = nanobind::handle(reinterpret_cast<PyObject*>(type)).attr(name);
    if (!Py_IS_TYPE(found.ptr(), &PyMemberDescr_Type)) throw nanobind::type_error("a node's fields are slots");
    const PyMemberDef* member = reinterpret_cast<PyMemberDescrObject*>(found.ptr())->d_member;
    if (member->type != T_OBJECT_EX) throw nanobind::type_error("a node's fields are slots");
    return member->offset;
}

inline PyObject* at(PyObject* object, Py_ssize_t offset) {
    PyObject* found = *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + offset);
    if (!found) throw Refused();
    return found;
}

}  // namespace structgen
