from dataclasses import replace

import pytest
import torch
from torch import nn

from conftest import shake
from jepa.data import Windows, WindowSampler
from jepa.losses import ALONG, SOFT_BELOW_M, Losses, sigreg, softened
from jepa.model import ARM, PLACE
from jepa.touch import THINGS, Touch, feel


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def statistic(latents):
    return float(sigreg(latents, 128, generator()))


def gaussian(count=512, size=16):
    return torch.randn(count, size, generator=generator(1))


class TestSigreg:
    def test_gaussian_latents_are_nearly_free(self):
        assert statistic(gaussian()) < 1

    @pytest.mark.parametrize("what, spoil", [
        ("collapsed to a point", lambda z: torch.zeros_like(z) + 0.7),
        ("collapsed to the origin", lambda z: 1e-3 * z),
        ("collapsed to a line", lambda z: z[:, :1] * torch.ones(1, z.shape[1])),
        ("entries in pairs", lambda z: torch.cat([z[:, :8], z[:, :8]], 1)),
        ("every picture one of two", lambda z: torch.sign(z[:, :1]) * torch.ones(1, z.shape[1])),
        ("too wide", lambda z: 2 * z),
        ("off the centre", lambda z: z + 0.5),
    ])
    def test_others_cost(self, what, spoil):
        assert statistic(spoil(gaussian())) > 5 * statistic(gaussian()), what

    def test_more_collapse_costs_more(self):
        costs = [statistic(scale * gaussian()) for scale in (1.0, 0.6, 0.3, 0.1)]
        assert costs == sorted(costs)

    def test_gradient_spreads_what_has_nearly_collapsed(self):
        z = (0.1 * gaussian()).requires_grad_()
        sigreg(z, 128, generator()).backward()
        step = z.detach() - 0.1 * z.grad / z.grad.abs().max()
        assert (step.std(0) > 1.05 * z.detach().std(0)).all()

    def test_repeats_with_its_generator(self):
        assert statistic(gaussian()) == statistic(gaussian())
        assert statistic(gaussian()) != float(sigreg(gaussian(), 128, generator(2)))


class TestSoftened:
    def test_is_a_parabola_near_nothing_and_a_distance_in_units_of_10_cm_far_away(self):
        along = torch.tensor([0.6, -0.8, 0.0])
        near, far = torch.tensor([0.0, 0.001, 0.002]), torch.tensor([0.1, 0.3, 1.0])
        torch.testing.assert_close(softened(near[:, None] * along), 10 * near.square() / (2 * SOFT_BELOW_M), rtol=0.02, atol=1e-7)
        torch.testing.assert_close(softened(far[:, None] * along), 10 * (far - SOFT_BELOW_M), rtol=0.01, atol=0)

    def test_its_slope_is_finite_everywhere(self):
        metres = torch.tensor([[0.0, 0, 0], [1e-6, 0, 0], [0.01, 0.01, 0], [100, 0, 0]], requires_grad=True)
        softened(metres).sum().backward()
        assert (metres.grad[0] == 0).all() and (metres.grad.norm(dim=-1) <= 10.001).all()


def reveal(model, monkeypatch):
    """An encoder that reads latents off the first numbers of a picture, so that a test can say what pictures look like to it."""
    size = model.latent_size
    monkeypatch.setattr(model.encoder, "features", lambda pictures: pictures.flatten(1)[:, :size])
    monkeypatch.setattr(model.encoder, "read", lambda features: features)


def pictures_of(latents):
    """[B, F, D] to pictures [B, F, 3, 8, 8] that the encoder of `reveal` reads them from."""
    pictures = torch.zeros(*latents.shape[:2], 3 * 8 * 8)
    pictures[..., : latents.shape[-1]] = latents
    return pictures.unflatten(-1, (3, 8, 8))


def windows_of(config, count, frames=2, states=None, felt=None, held=None):
    """Windows without pictures in which, unless it is said, nothing moves and nothing is felt."""
    states = torch.zeros(count, frames, 7) if states is None else states
    felt = torch.full((count, frames, THINGS, PLACE), torch.nan) if felt is None else felt
    held = torch.zeros(count, frames, THINGS, dtype=torch.bool) if held is None else held
    return Windows(torch.zeros(count, frames, 8, 8, 3, dtype=torch.uint8), states, felt, held, torch.zeros(count, config.horizon, 4))


def judge(config, model, latents, **what):
    """The loss's parts where pictures show these latents."""
    windows = windows_of(config, *latents.shape[:2], **what)
    return Losses(config)(model, windows, pictures_of(latents), generator())[1]


def some_places(*shape):
    """In m, about as far from each other as things on a table: [*shape, THINGS, PLACE]."""
    return torch.tensor([0.5, 0.0, 0.1]) + 0.1 * torch.randn(*shape, THINGS, PLACE)


def showing(model, places):
    """Latents of places in m [..., THINGS, PLACE]."""
    predictor = model.predictor
    objects = (places - predictor.state_mean[:PLACE]) / predictor.state_std[:PLACE]
    return torch.cat([torch.zeros(*places.shape[:-2], ARM), objects.flatten(-2)], -1)


def cost(metres):
    return float(softened(torch.tensor([metres, 0.0, 0.0])))


class TestTouch:
    @pytest.fixture(autouse=True)
    def readable(self, model, monkeypatch):
        reveal(model, monkeypatch)

    def test_things_that_are_seen_where_they_were_felt_cost_nothing(self, config, model):
        places = some_places(20, 2)
        assert judge(config, model, showing(model, places), felt=places)["touch"] == pytest.approx(0, abs=1e-6)

    def test_metres_count_whatever_the_entries_unit(self, config, model):
        places = some_places(20, 2)
        for axis in range(PLACE):
            seen = places.clone()
            seen[..., 0, axis] += 0.05
            felt = torch.where(torch.tensor([True, False])[:, None], places, torch.nan)
            assert judge(config, model, showing(model, seen), felt=felt)["touch"] == pytest.approx(cost(0.05), rel=1e-3)

    def test_only_what_was_felt_counts(self, config, model):
        places = some_places(20, 2)
        seen = places + torch.tensor([0.5, 0, 0])
        felt = torch.full_like(places, torch.nan)
        assert judge(config, model, showing(model, seen), felt=felt)["touch"] == 0
        felt[3, 1, 0] = places[3, 1, 0]
        assert judge(config, model, showing(model, seen), felt=felt)["touch"] == pytest.approx(cost(0.5), rel=1e-3), "a mean of what is known"

    @pytest.mark.parametrize("thing", range(THINGS))
    def test_that_the_other_one_is_seen_just_there_is_no_excuse(self, config, model, thing):
        """Otherwise one thing becomes "what is in the hand"."""
        seen = torch.tensor([[0.4, 0.0, 0.03], [0.6, 0.0, 0.03]]).expand(5, 2, THINGS, PLACE)
        felt = torch.full((5, 2, THINGS, PLACE), torch.nan)
        felt[..., thing, :] = seen[..., 1 - thing, :]
        assert judge(config, model, showing(model, seen), felt=felt)["touch"] == pytest.approx(cost(0.2), rel=1e-3)

    @pytest.mark.parametrize("thing", range(THINGS))
    def test_what_was_felt_pulls_its_thing_and_nothing_else(self, thing):
        seen = torch.tensor([[0.4, 0.0, 0.03], [0.6, 0.0, 0.03]]).expand(4, 2, THINGS, PLACE).clone().requires_grad_()
        felt = torch.full((4, 2, THINGS, PLACE), torch.nan)
        felt[0, 1, thing] = torch.tensor([0.5, 0.05, 0.03])
        Losses.touch(seen, felt).backward()
        assert torch.isfinite(seen.grad).all(), "NaN where nothing was felt stays there"
        pulled = torch.zeros(4, 2, THINGS, dtype=torch.bool)
        pulled[0, 1, thing] = True
        assert torch.equal(seen.grad.abs().amax(-1) > 0, pulled)
        assert seen.grad[0, 1, thing, 1] < 0, "towards it"

    def test_few_that_are_felt_wrongly_cost_their_distance_not_its_square(self, config, model):
        places, costs = some_places(50, 2), []
        for metres in (0.2, 0.4):
            felt = places.clone()
            felt[:5, :, 1, 0] += metres
            costs.append(judge(config, model, showing(model, places), felt=felt)["touch"])
        assert costs[1] / costs[0] == pytest.approx(2, rel=0.06)


class TestPersistence:
    @pytest.fixture(autouse=True)
    def readable(self, model, monkeypatch):
        reveal(model, monkeypatch)

    def still(self, windows=50, frames=2):
        return some_places(windows, 1).repeat(1, frames, 1, 1)

    def of(self, config, model, places, **what):
        return judge(config, model, showing(model, places), **what)["persistence"]

    def test_things_that_stay_cost_nothing(self, config, model):
        assert self.of(config, model, self.still()) == pytest.approx(0, abs=1e-6)

    def test_the_arm_may_go_about(self, config, model):
        latents = showing(model, self.still())
        latents[..., :ARM] = torch.randn(50, 2, ARM)
        assert judge(config, model, latents)["persistence"] == pytest.approx(0, abs=1e-6)

    def test_what_every_picture_has_anew_costs(self, config, model):
        places = self.still()
        places[..., 0, :] = some_places(50, 2)[..., 0, :]
        one = self.of(config, model, places)
        assert 0.5 < one < self.of(config, model, some_places(50, 2))

    def test_few_large_moves_cost_their_distance_not_its_square(self, config, model):
        places, costs = self.still(), []
        for metres in (0.2, 0.4, 0.8):
            places[:3, 1] = places[:3, 0] + torch.tensor([metres, 0, 0])
            costs.append(self.of(config, model, places))
        assert costs[0] == pytest.approx(3 / 50 * cost(0.2), rel=1e-3)
        assert costs[1] / costs[0] == pytest.approx(2, rel=0.06) and costs[2] / costs[1] == pytest.approx(2, rel=0.06)

    def test_every_pair_of_pictures_counts(self, config, model):
        """One picture of three is unlike the others: two of three pairs differ by 10 cm."""
        config = replace(config, frames=(0, 4, 8))
        for odd in range(3):
            places = self.still(frames=3)
            places[:, odd, :, 1] += 0.1
            assert self.of(config, model, places) == pytest.approx(2 / 3 * cost(0.1), rel=1e-3)

    @pytest.mark.parametrize("frame", [0, 1])
    def test_a_thing_in_the_hand_may_move(self, config, model, frame):
        places, held = self.still(), torch.zeros(50, 2, THINGS, dtype=torch.bool)
        places[:10, 1, 0, 0] += 0.3
        held[:10, frame, 0] = True
        assert self.of(config, model, places) == pytest.approx(0.1 * cost(0.3), rel=1e-3)
        assert self.of(config, model, places, held=held) == pytest.approx(0, abs=1e-6)
        places[:10, 1, 1, 0] += 0.3
        # 50 pairs of the other thing, 40 of this one.
        assert self.of(config, model, places, held=held) == pytest.approx(10 / 90 * cost(0.3), rel=1e-3), "the other one may not"

    def test_all_held(self, config, model):
        assert self.of(config, model, some_places(5, 2), held=torch.ones(5, 2, THINGS, dtype=torch.bool)) == 0


class LinearEncoder(nn.Module):
    """What `Encoder` ends with, on pictures that are a few numbers."""

    def __init__(self, inputs):
        super().__init__()
        self.objects = nn.Linear(inputs, THINGS * PLACE)

    def encode(self, pictures):
        return self.read(self.features(pictures))

    def features(self, pictures):
        return pictures.flatten(1)[:, : self.objects.in_features]

    def read(self, features):
        return torch.cat([torch.zeros(len(features), ARM), self.objects(features).float()], -1)


def losses_of(config, model):
    """With things lying where the hand is: entries of mean 0 and deviation 1."""
    losses = Losses(config)
    losses.lying_mean[:], losses.lying_std[:] = model.predictor.state_mean[:ALONG], model.predictor.state_std[:ALONG]
    return losses


def learn(config, model, batches, steps=250):
    """Trains encoder and losses on what `batches` makes, a tuple of windows and pictures; parts of the last step."""
    losses, random = losses_of(config, model), generator(3)
    optimiser = torch.optim.Adam([*model.encoder.parameters(), *losses.parameters()], lr=0.02)
    for _ in range(steps):
        loss, parts = losses(model, *batches(random), random)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return parts


class TestWithoutTouch:
    """Numbers 0 to 5 of a picture are where things are, the same in a window; 6 to 9 are the room and the arm, new in every picture."""

    def learned(self, config, model, **weights):
        config = replace(config, **weights)
        model.encoder = LinearEncoder(10)
        # All but collapsed.
        model.encoder.objects.weight.data *= 0.01

        def batches(random):
            place, room = torch.randn(64, 1, 6, generator=random).expand(64, 2, 6), torch.randn(64, 2, 4, generator=random)
            return windows_of(config, 64), pictures_of(torch.cat([place, room], -1))

        return learn(config, model, batches), model.encoder.objects.weight.detach()

    def test_an_encoder_learns_where_things_are_and_gets_blind_to_rooms(self, config, model):
        parts, weight = self.learned(config, model, sigreg_weight=0.2)
        # Along the table; heights are hardly spread out, things lie.
        weight = weight[[0, 1, PLACE, PLACE + 1]]
        assert weight[:, :6].norm() > 8 * weight[:, 6:].norm(), weight
        # All coordinates, none of them twice.
        assert torch.linalg.svdvals(weight[:, :6])[-1] > 0.1 * torch.linalg.svdvals(weight[:, :6])[0]
        assert "sigreg" in parts

    def test_without_sigreg_it_stays_collapsed(self, config, model):
        parts, weight = self.learned(config, model, sigreg_weight=0.0)
        assert weight.norm() < 0.2 and parts["persistence"] < 0.05 and "sigreg" not in parts


class TestWithTouch:
    def test_things_are_found_where_the_hand_felt_them_now_and_then(self, config, model):
        """Nothing but one felt thing in five windows, the wide one or the narrow one, and what persists; no SIGReg. Number 6 to 9 change in a window."""
        model.encoder = LinearEncoder(10)
        mixed = torch.randn(10, 10, generator=generator(1))
        std, mean = model.predictor.state_std[:PLACE], model.predictor.state_mean[:PLACE]

        def batches(random):
            places = torch.randn(64, 1, THINGS, PLACE, generator=random).expand(64, 2, THINGS, PLACE)
            numbers = torch.cat([places.flatten(-2), torch.randn(64, 2, 4, generator=random)], -1)
            thing = torch.randint(0, 10, (64, 1, 1), generator=random) == torch.arange(THINGS)
            felt = torch.where(thing[..., None], places * std + mean, torch.nan)
            return windows_of(config, 64, felt=felt), pictures_of(numbers @ mixed)

        learn(config, model, batches, steps=600)
        windows, pictures = batches(generator(9))
        places = model.encoder.encode(pictures.flatten(0, 1))[:, ARM:].detach().unflatten(-1, (THINGS, PLACE))
        wanted = (pictures.flatten(2)[..., :10] @ mixed.inverse()).flatten(0, 1)[:, :THINGS * PLACE].unflatten(-1, (THINGS, PLACE))
        errors = ((places - wanted) * std).norm(dim=-1).median(0).values
        assert (errors < 0.02).all(), errors


# Mean and standard deviation of proprioception.
HAND = torch.tensor([0.5, 0.0, 0.1, 0.04, 0, 0, 0]), torch.tensor([0.08, 0.12, 0.09, 0.03, 0.1, 0.1, 0.1])


class TestExpect:
    """The distribution of places along the table that the entries are to have."""

    def test_is_that_of_what_lies_and_not_of_the_few_that_are_another_thing(self, config):
        places = torch.randn(2000, 1, THINGS, PLACE, generator=generator(8)) * torch.tensor([0.06, 0.1, 0.01]) + torch.tensor([0.5, -0.02, 0.03])
        places[:100, :, 1] += 5
        places[500:900, :, 0] = torch.nan
        held = torch.zeros(2000, 1, THINGS, dtype=torch.bool)
        held[1500:], places[1500:] = True, 7
        losses = Losses(config)
        losses.expect([Touch(places.numpy(), held.numpy())], *HAND)
        torch.testing.assert_close(losses.lying_mean, torch.tensor([[0.5, -0.02]] * 2), atol=0.012, rtol=0)
        torch.testing.assert_close(losses.lying_std, torch.tensor([[0.06, 0.1]] * 2), atol=0, rtol=0.2)

    def test_of_what_was_never_felt_nothing_is_known(self, config):
        losses = Losses(config)
        losses.expect([Touch(torch.full((4, 3, THINGS, PLACE), torch.nan).numpy(), torch.zeros(4, 3, THINGS, dtype=torch.bool).numpy())], *HAND)
        torch.testing.assert_close(losses.lying_mean, HAND[0][:ALONG].expand(THINGS, ALONG))
        torch.testing.assert_close(losses.lying_std, HAND[1][:ALONG].expand(THINGS, ALONG))

    def test_one_place_felt_again_and_again_is_no_distribution(self, config):
        places = torch.full((50, 4, THINGS, PLACE), 0.4)
        losses = Losses(config)
        losses.expect([Touch(places.numpy(), torch.zeros(50, 4, THINGS, dtype=torch.bool).numpy())], *HAND)
        assert (losses.lying_std > 0.05).all()
        places += 1e-4 * torch.randn(places.shape, generator=generator(3))
        losses.expect([Touch(places.numpy(), torch.zeros(50, 4, THINGS, dtype=torch.bool).numpy())], *HAND)
        torch.testing.assert_close(losses.lying_std, torch.full((THINGS, ALONG), 0.01))


class TestRepeated:
    """Whether SIGReg pays for a second thing's entries that say what the first one's say."""

    def learned(self, config, model, second):
        """Parts, after the regression had time to learn, for pictures whose second half of the entries is a function of the first and of noise."""
        config = replace(config, sigreg_weight=0.2)
        losses, random = losses_of(config, model), generator(5)
        optimiser = torch.optim.Adam(losses.parameters(), lr=5e-3)
        for _ in range(250):
            first, noise = torch.randn(128, 2, PLACE, generator=random), torch.randn(128, 2, PLACE, generator=random)
            latents = torch.cat([torch.zeros(128, 2, ARM), first, second(first, noise)], -1)
            loss, parts = losses(model, windows_of(config, 128), pictures_of(latents), random)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return parts

    def test_repetition_is_found_and_costs_what_collapse_costs(self, config, model, monkeypatch):
        reveal(model, monkeypatch)
        new = self.learned(config, model, lambda first, noise: noise)
        # The same numbers, far ones with the other sign: Gaussian again and not correlated with the first half, yet nothing new.
        turn = lambda x: torch.where(x.abs() < 1.54, x, -x)
        turned = self.learned(config, model, lambda first, noise: turn(first))
        assert new["repeated"] < 0.1 and turned["repeated"] > 0.6
        first = torch.randn(256, ALONG)
        unaware = float(sigreg(torch.cat([first, turn(first)], -1), 128, generator()))
        assert turned["sigreg"] > 5 * new["sigreg"] and turned["sigreg"] > 2 * unaware

    def test_the_regression_moves_no_latents_and_sigreg_no_regression(self, config, model, batch):
        nothing = replace(config, persistence_weight=0, arm_weight=0, touch_weight=0)
        gradients = []
        for weight in (1e-30, 3.0):
            torch.manual_seed(0)
            losses = Losses(replace(nothing, sigreg_weight=weight))
            model.zero_grad()
            losses(model, *batch, generator())[0].backward()
            gradients.append([w.grad for w in losses.parameters()])
            assert (largest_gradient(model.encoder.objects) > 1e-20) == (weight > 1)
        assert all(torch.equal(one, other) for one, other in zip(*gradients)) and any(g.abs().max() > 0 for g in gradients[0])


def draw(config, episodes):
    sampler = WindowSampler([episodes], [feel(episodes.states, episodes.actions)], horizon=config.horizon, frames=config.frames, windows=config.windows, felt_share=0.3, held_share=0.3, seed=0)
    windows = sampler.draw()
    return windows, windows.images.float().permute(0, 1, 4, 2, 3) / 127.5 - 1


@pytest.fixture
def batch(config, episodes):
    return draw(config, episodes)


def largest_gradient(module):
    return max((float(weight.grad.abs().max()) for weight in module.parameters() if weight.grad is not None), default=0.0)


def without_gradient(*modules):
    return [name for module in modules for name, weight in module.named_parameters() if weight.grad is None or not weight.grad.abs().max() > 0]


class TestLosses:
    def test_the_picture_is_to_show_what_proprioception_says_of_the_arm(self, config, model, episodes, monkeypatch):
        reveal(model, monkeypatch)
        states = torch.from_numpy(episodes.states[:, :2])
        latents = torch.randn(len(states), 2, model.latent_size)
        latents[..., :ARM] = model.predictor.standardised(states)[..., :ARM]
        assert judge(config, model, latents, states=states)["arm"] == pytest.approx(0, abs=1e-10)
        latents[..., 3] += 0.5
        assert judge(config, model, latents, states=states)["arm"] == pytest.approx(0.25 / ARM)

    def test_without_actions_the_predictor_learns_nothing(self, config, model, batch):
        loss, parts = Losses(config)(model, *batch, generator())
        loss.backward()
        assert parts.keys() == {"loss", "arm", "touch", "persistence", "sigreg", "repeated"}
        assert largest_gradient(model.encoder) > 0 and largest_gradient(model.predictor) == 0

    def test_actions_change_nothing_without_them(self, config, model, batch):
        windows, pixels = batch
        losses = Losses(config)
        assert losses(model, windows, pixels, generator())[1] == losses(model, replace(windows, actions=-windows.actions), pixels, generator())[1]

    @pytest.mark.parametrize("with_actions", [False, True])
    @pytest.mark.parametrize("sigreg_weight", [0.0, 0.2])
    def test_what_is_weighed_is_told(self, config, model, batch, with_actions, sigreg_weight):
        parts = Losses(replace(config, with_actions=with_actions, sigreg_weight=sigreg_weight))(model, *batch, generator())[1]
        assert parts.keys() == {"loss", "arm", "touch", "persistence", *(("sigreg", "repeated") if sigreg_weight else ()), *(("multi_step",) if with_actions else ())}

    @pytest.mark.parametrize("with_actions", [False, True])
    def test_every_weight_learns(self, config, model, episodes, with_actions):
        config = replace(config, with_actions=with_actions, sigreg_weight=0.2, pixel_weight=1.0)
        losses, data = Losses(config), draw(config, episodes)
        learning = [model.encoder, losses, *([model.predictor] if with_actions else [])]
        # The predictor's modulation starts at zero and holds back the condition's gradient for a step.
        optimiser = torch.optim.AdamW([weight for module in learning for weight in module.parameters()], lr=1e-3)
        for _ in range(2):
            optimiser.zero_grad()
            losses(model, *data, generator())[0].backward()
            optimiser.step()
        # A bias before a normalisation has no effect.
        assert [name for name in without_gradient(*learning) if not name.endswith("bias")] == []

    def test_parts_add_up_and_repeat(self, config, model, episodes):
        # So many that there are some of the few episodes in which something is held.
        batch = draw(replace(config, windows=64), episodes)
        config = replace(config, with_actions=True, persistence_weight=2.0, arm_weight=3.0, touch_weight=5.0, sigreg_weight=0.5, rollout_weight=4.0, pixel_weight=0.7)
        torch.manual_seed(0)
        losses = Losses(config)
        (_, first), (_, again) = losses(model, *batch, generator()), losses(model, *batch, generator())
        assert first == pytest.approx(again, rel=1e-5)
        assert first["touch"] > 0, "the data has something to feel"
        weighted = 2 * first["persistence"] + 3 * first["arm"] + 5 * first["touch"] + 0.5 * first["sigreg"] + 4 * first["multi_step"] + 0.7 * first["pixels"] + (1 - first["repeated"])
        assert first["loss"] == pytest.approx(weighted, rel=1e-5)

    def test_inverse_dynamics_are_of_the_actions_between_two_pictures(self, config, model, batch):
        windows, pixels = batch
        torch.manual_seed(0)
        losses = Losses(replace(config, inverse_weight=0.5))
        with_it, other = losses(model, windows, pixels, generator())[1], losses(model, replace(windows, actions=-windows.actions), pixels, generator())[1]
        without = Losses(config)(model, windows, pixels, generator())[1]
        assert with_it["inverse"] != pytest.approx(other["inverse"]) and "inverse" not in without
        assert with_it["loss"] == pytest.approx(without["loss"] + 0.5 * with_it["inverse"], rel=0.05)

    @pytest.mark.parametrize("with_actions", [False, True])
    def test_a_few_steps_make_it_less(self, config, model, episodes, with_actions):
        config = replace(config, with_actions=with_actions)
        losses, data = Losses(config), draw(config, episodes)
        optimiser = torch.optim.AdamW([*model.parameters(), *losses.parameters()], lr=2e-3)
        values = []
        for _ in range(12):
            loss, _ = losses(model, *data, generator())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            values.append(float(loss.detach()))
        assert values[-1] < 0.9 * values[0]


class TestMultiStep:
    @pytest.fixture
    def config(self, config):
        """Nothing but prediction reaches the encoder."""
        return replace(config, with_actions=True, frames=(0, 2, 5, 8), persistence_weight=0.0, arm_weight=0.0, touch_weight=0.0, sigreg_weight=0.0)

    def test_predictions_meet_the_pictures_of_their_time(self, config, model, monkeypatch):
        """The predictor adds 1 a period; pictures of the frames 0, 2, 5, 8 that show just that are predicted without error."""
        reveal(model, monkeypatch)
        monkeypatch.setattr(model.predictor, "forward", lambda objects, *rest: objects + 1)
        start = torch.randn(20, 1, model.latent_size)
        latents = start + torch.tensor([0.0, 2, 5, 8])[:, None]
        assert judge(config, model, latents)["multi_step"] == pytest.approx(0, abs=1e-5)
        latents[:, 2, ARM:] += 0.1 / model.predictor.state_std[:PLACE].repeat(THINGS)
        # One picture of three is 10 cm wrong in each axis.
        assert judge(config, model, latents)["multi_step"] == pytest.approx(cost(0.1 * PLACE**0.5) / 3, rel=1e-3)

    def test_every_picture_but_the_first_is_a_target_that_learns(self, config, model, episodes):
        """Predictions are cut off from the graph: what gradient is left came through the pictures that were to be predicted.

        In evaluation mode pictures do not meet in batch statistics, so a picture's gradient is its own.
        """
        shake(model)
        forward = model.predictor.forward
        model.predictor.forward = lambda *arguments: forward(*arguments).detach()
        windows, images = draw(config, episodes)
        images.requires_grad_()
        Losses(config)(model, windows, images, generator())[0].backward()
        gradients = images.grad.abs().amax((0, 2, 3, 4))
        assert gradients[0] == 0 and (gradients[1:] > 0).all(), gradients

    def test_the_first_picture_and_the_predictor_learn_from_predictions(self, config, model, episodes):
        shake(model)
        windows, images = draw(config, episodes)
        images.requires_grad_()
        Losses(config)(model, windows, images, generator())[0].backward()
        assert images.grad[:, 0].abs().max() > 0
        assert largest_gradient(model.encoder) > 0 and largest_gradient(model.predictor) > 0
