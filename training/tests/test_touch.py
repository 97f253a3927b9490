"""What a scripted hand feels, episode by episode."""

import warnings

import numpy as np
import pytest

from jepa.touch import feel

HOME = np.array([0.5, 0.0, 0.3])
NARROW, WIDE = 0.03, 0.06
# Far from each other and from HOME, and from everything that is on the way to them.
HERE, THERE = np.array([0.40, -0.15, 0.03]), np.array([0.60, 0.15, 0.03])
OPEN, HALF, SHUT = 1.0, 0.4, 0.0
FRAMES = 100


def up(place, height=0.2):
    return place + [0, 0, height]


def play(*legs, width=NARROW):
    """States [FRAMES, 7] and actions [FRAMES - 1, 4] of a hand that starts open at HOME and goes through legs, (place, gripper) each, 4 cm a period.

    A leg to where the hand is already lasts four periods. The fingers close by 3 cm a period, and shut as far as the `width` of what is between them.
    """
    hand, opening = HOME, 0.08
    states, actions = [(*hand, opening)], []
    for place, told in (*legs, *[(None, legs[-1][1])] * FRAMES):
        place = hand if place is None else place
        periods = int(np.ceil(np.linalg.norm(place - hand) / 0.04)) or 4
        for share in np.linspace(0, 1, periods + 1)[1:]:
            closed = max(0.08 * told, width) if told < HALF else 0.08 * told
            opening = float(np.clip(closed, opening - 0.03, opening + 0.08))
            states.append((*(hand + share * (place - hand)), opening))
            actions.append((0, 0, 0, told))
        hand = place
    states = np.concatenate([np.array(states)[:FRAMES], np.zeros((FRAMES, 3))], 1)
    return states.astype(np.float32), np.array(actions)[: FRAMES - 1].astype(np.float32)


def take(place):
    return [(up(place), OPEN), (place, OPEN), (place, SHUT), (up(place), SHUT)]


def put(place):
    return [(up(place), SHUT), (place, SHUT), (place, OPEN), (up(place), OPEN)]


MOVED = [*take(HERE), *put(THERE), (HOME, OPEN)]


def feel_all(*episodes):
    return feel(*(np.stack(arrays) for arrays in zip(*episodes)))


def alone(*legs, width=NARROW):
    """What is felt in an episode, of the thing of this width; the other width is known from another one."""
    states, actions = play(*legs, width=width)
    thing = 0 if width == NARROW else 1
    touch = feel_all((states, actions), play(*MOVED, width=WIDE if width == NARROW else NARROW))
    assert np.isnan(touch.places[0, :, 1 - thing]).all() and not touch.held[0, :, 1 - thing].any(), "it is one thing, not both"
    return states, touch.places[0, :, thing], touch.held[0, :, thing]


def known(places):
    return np.isfinite(places).all(-1)


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_a_thing_is_where_it_was_taken_then_in_the_hand_then_where_it_was_put(width):
    states, places, held = alone(*MOVED, width=width)
    first, last = np.flatnonzero(held)[[0, -1]]
    assert held[first : last + 1].all()
    np.testing.assert_allclose(places[held], states[held, :3])
    assert np.linalg.norm(states[first, :3] - HERE) < 1e-6 and np.linalg.norm(states[last, :3] - THERE) < 1e-6
    # Fingers that still move say nothing.
    shut = np.flatnonzero(states[:, 3] < 0.079)[0]
    np.testing.assert_allclose(places[: shut + 1], np.broadcast_to(HERE, (shut + 1, 3)), atol=1e-6)
    np.testing.assert_allclose(places[last + 1 :], np.broadcast_to(THERE, (FRAMES - last - 1, 3)), atol=1e-6)


def test_things_are_told_apart_in_one_episode():
    both = play(*take(HERE), *put(HERE + [0.1, 0, 0]))
    narrow, wide = play(*MOVED), play(*MOVED, width=WIDE)
    touch = feel_all(both, narrow, wide, play(*take(THERE), width=0.055))
    assert touch.held.any(1).tolist() == [[True, False], [True, False], [False, True], [False, True]]
    assert touch.places.shape == (4, FRAMES, 2, 3) and touch.places.dtype == np.float32


def test_a_picture_before_the_hand_was_near_an_earlier_time_may_show_it_elsewhere():
    """A hand that came by may have pushed it."""
    push = HERE + [0, 0, 0.05]
    states, places, held = alone((push, OPEN), (HOME, OPEN), *take(HERE))
    left = np.flatnonzero((np.linalg.norm(states[:, :3] - HERE, axis=1) < 0.1) & (np.arange(FRAMES) < 20))[-1]
    assert 3 < left < 20 and not known(places[: left + 1]).any() and known(places[left + 1 : np.flatnonzero(held)[0] - 2]).all()


def test_what_was_put_down_stays_until_the_hand_comes_again():
    states, places, held = alone(*take(HERE), *put(THERE), (HOME, OPEN), (THERE, OPEN), (HOME, OPEN))
    last = np.flatnonzero(held)[-1]
    near = np.linalg.norm(states[:, :3] - THERE, axis=1) < 0.1
    back = last + np.flatnonzero(np.diff(near[last:].astype(int)) == 1)[0] + 1
    assert last + 10 < back < FRAMES - 10
    assert known(places[last + 1 : back]).all() and not known(places[back:]).any()


@pytest.mark.parametrize("height, stays", [(0.01, True), (0.03, False), (0.2, False)])
def test_dropped_from_high_it_is_somewhere(height, stays):
    drop = up(THERE, height)
    states, places, held = alone(*take(HERE), (up(THERE), SHUT), (drop, SHUT), (drop, OPEN), (HOME, OPEN))
    last = np.flatnonzero(held)[-1]
    np.testing.assert_allclose(places[0], HERE, atol=1e-6, err_msg="that it fell later changes nothing before")
    assert known(places[last + 1 :]).all() == stays and known(places[last + 1 :]).any() == stays


def test_taken_high_it_came_from_nowhere_known():
    """Handed over: it was not in the air before."""
    states, places, held = alone((up(HERE), OPEN), (up(HERE), SHUT), *put(THERE))
    assert held.any() and known(places).tolist() == held.tolist()


def test_taken_twice():
    states, places, held = alone(*MOVED, *take(THERE), (up(THERE, 0.1), SHUT))
    again = np.flatnonzero(np.diff(held.astype(int)) == 1)[1] + 1
    np.testing.assert_allclose(places[0], HERE, atol=1e-6)
    assert (np.linalg.norm(places[again - 8 : again - 3] - THERE, axis=1) < 1e-6).all()
    np.testing.assert_allclose(places[again:], states[again:, :3])


@pytest.mark.parametrize("what, legs, width", [
    ("closes on nothing", MOVED, 0.0),
    ("a sheet of paper is as good as nothing", MOVED, 0.008),
    ("is told to be half open", [(HERE, OPEN), (HERE, HALF), (up(HERE), HALF)], NARROW),
    ("stays open", [(HERE, OPEN), (HOME, OPEN)], NARROW),
])
def test_a_gripper_feels_nothing_when_it(what, legs, width):
    touch = feel_all(play(*legs, width=width), play(*MOVED))
    assert np.isnan(touch.places[0]).all() and not touch.held[0].any(), what
    assert touch.held[1].any()


def test_no_grasp_in_all_the_data():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        touch = feel_all(play((HERE, OPEN)), play(*MOVED, width=0.0))
    assert np.isnan(touch.places).all() and not touch.held.any()


@pytest.mark.filterwarnings("error")
def test_things_of_one_width_only_are_one_thing():
    for episodes in range(1, 8):
        touch = feel_all(*[play(*MOVED)] * episodes)
        assert touch.held.any(1).tolist() == [[True, False]] * episodes


def test_widths_vary_and_a_few_are_of_nothing_that_is_there():
    """Gripped askew or at an edge, now and then: no third thing to which the border between the two gives way."""
    random = np.random.default_rng(0)
    narrow, wide = (width + 0.001 * random.standard_normal(40) for width in (NARROW, 0.04))
    touch = feel_all(*[play(*MOVED, width=width) for width in [*narrow, *wide, 0.079, 0.079]])
    assert touch.held.any(1).tolist() == [[True, False]] * 40 + [[False, True]] * 42


def test_slices():
    touch = feel_all(play(*MOVED), play(*MOVED, width=WIDE), play((HERE, OPEN)))
    part = touch[1:]
    assert np.array_equal(part.places, touch.places[1:], equal_nan=True) and np.array_equal(part.held, touch.held[1:])
    assert part.held[0, :, 1].any() and not part.held[1].any()


def view(narrow, wide):
    """Where the things are seen, in all pictures of an episode alike."""
    return np.tile(np.stack([narrow, wide]), (FRAMES, 1, 1)).astype(np.float32)


def feel_and_see(*episodes_and_views):
    (states, actions), views = (np.stack(arrays) for arrays in zip(*[episode for episode, _ in episodes_and_views])), np.stack([seen for _, seen in episodes_and_views])
    return feel(states, actions, views)


AWAY = np.array([0.42, 0.18, 0.02])


class TestSeen:
    """What pictures add to what was felt."""

    def test_a_wide_grip_is_of_the_thing_that_was_seen_there(self):
        episodes = [play(*take(HERE), width=WIDE)] * 3 + [play(*take(HERE), width=NARROW)] * 3
        views = [view(HERE, AWAY), view(AWAY, HERE), view(AWAY, THERE), view(HERE, AWAY), view(AWAY, HERE), view(AWAY, THERE)]
        touch = feel_and_see(*zip(episodes, views))
        # Nothing is narrower than the narrow thing: a narrow grip where only the other one was seen is of nothing known.
        assert touch.held.any(1).tolist() == [[True, False], [False, True], [False, False], [True, False], [False, False], [False, False]]

    def test_what_the_hand_came_near_to_still_lies_there_if_it_is_seen_there(self):
        push = HERE + [0, 0, 0.05]
        episode = play((push, OPEN), (HOME, OPEN), *take(HERE))
        came = np.linalg.norm(episode[0][:, :3] - HERE, axis=1) < 0.1
        left = np.flatnonzero(came & (np.arange(FRAMES) < 20))[-1]
        moved = view(HERE, AWAY)
        moved[: left - 2, 0] += [0.05, 0, 0]
        biased = view(HERE + [0.02, 0, 0], AWAY)
        touch = feel_and_see((episode, view(HERE, AWAY)), (episode, moved), (episode, biased), (play(*MOVED, width=WIDE), view(AWAY, HERE)))
        first = np.flatnonzero(touch.held[0, :, 0])[0]
        assert known(touch.places[0, :first, 0]).all()
        assert not known(touch.places[1, : left - 3, 0]).any() and known(touch.places[1, left + 1 : first, 0]).all()
        assert known(touch.places[2, :first, 0]).all(), "pictures of one place err alike"
        np.testing.assert_allclose(touch.places[:3, first - 1, 0], np.tile(HERE, (3, 1)), atol=1e-6)

    def test_what_is_seen_elsewhere_is_not_there(self):
        """It rolled away when it was let go."""
        episode = play(*MOVED)
        last = FRAMES - 1
        rolled = view(HERE, AWAY)
        rolled[len(rolled) // 2 :, 0] = THERE + [0.06, 0, 0]
        stayed = view(HERE, AWAY)
        stayed[len(stayed) // 2 :, 0] = THERE
        touch = feel_and_see((episode, rolled), (episode, stayed), (play(*MOVED, width=WIDE), view(AWAY, HERE)))
        assert not known(touch.places[0, last : last + 1, 0]).any() and known(touch.places[1, last : last + 1, 0]).all()
