import argparse
from dataclasses import replace

import pytest

from jepa.config import Config
from jepa.options import add_options, chosen_options


def parse(*words, **how):
    parser = argparse.ArgumentParser()
    add_options(parser, **how)
    return chosen_options(parser.parse_args(words))


def test_nothing_given_is_the_default():
    assert Config(**parse()) == Config()


def test_every_kind_of_field():
    given = parse("--frames", "0", "4", "8", "--with-actions", "--windows", "12", "--minutes", "0.5")
    assert Config(**given) == replace(Config(), frames=(0, 4, 8), with_actions=True, windows=12, minutes=0.5)
    assert isinstance(given["frames"], tuple) and isinstance(given["windows"], int)


def test_a_flag_can_be_taken_back():
    assert parse("--with-actions", "--no-with-actions")["with_actions"] is False


def test_only_what_is_given():
    assert parse(only_given=True) == {}
    assert parse("--no-with-actions", "--rollout", "6", "--frames", "0", "3", only_given=True) == {"with_actions": False, "rollout": 6, "frames": (0, 3)}


def test_a_word_that_is_no_number_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse("--windows", "many")
    assert "--windows" in capsys.readouterr().err


def test_encoders_older_than_the_context_are_without():
    older = Config().to_dict()
    del older["context"]
    assert Config.from_dict(older) == replace(Config(), context=0)
    assert Config.from_dict(Config().to_dict()) == Config()
