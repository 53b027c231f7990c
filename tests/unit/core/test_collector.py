"""The cycle collector rests while modules are loaded, and works again whatever came of it."""

from __future__ import annotations

import gc

import pytest

from core import collector


def test_it_rests_while_modules_are_loaded():
    with collector.resting():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_it_works_again_after_a_module_that_cannot_be_loaded():
    with pytest.raises(ImportError), collector.resting():
        raise ImportError

    assert gc.isenabled()
