import argparse
from dataclasses import fields, replace

import pytest

from jepa.config import Config
from jepa.options import add_options, chosen_options, on_an_encoder, options_on


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


@pytest.mark.parametrize("only_given", [False, True])
def test_every_option_is_explained(only_given):
    assert all(field.metadata.get("help") for field in fields(Config))
    parser = argparse.ArgumentParser()
    add_options(parser, only_given=only_given)
    said = " ".join(parser.format_help().split())
    assert said.count("(default: ") == len(fields(Config)) - only_given
    if only_given:
        assert "rises (default: the run's)" in said and "--minutes" not in said
    else:
        assert all(f"(default: {default})" in said for default in ("0 8", "no", "keypoints", "0.0015", "45.0"))


def test_a_budget_that_is_the_first_stage_s_is_refused_afterwards():
    arguments = on_an_encoder(None).parse_args(["--run", "a", "--data", "b", "--out", "c", "--rollout", "6", "--minutes", "2.5"])
    with pytest.raises(ValueError, match=r"^--minutes is 2\.5, which only train\.py takes; train_dynamics\.py takes --rollout-minutes and --value-minutes, look_back\.py --look-back-steps$"):
        options_on(Config(), arguments)
    del arguments.minutes
    assert options_on(replace(Config(), minutes=3.0), arguments) == replace(Config(), minutes=3.0, rollout=6)


def test_encoders_older_than_the_context_are_without():
    older = Config().to_dict()
    del older["context"]
    assert Config.from_dict(older) == replace(Config(), context=0)
    assert Config.from_dict(Config().to_dict()) == Config()
