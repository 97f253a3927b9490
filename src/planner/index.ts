/**
 * Planning as optimisation over action sequences.
 *
 * **The problem.** Given a start and a goal, find actions a_1 … a_H in a box (low ≤ a ≤ high, one range per dimension) that minimise
 *
 *     J(a) = Σ_h w_h E_h(a) + C(a),   Σ w_h = 1,
 *
 * where E_h is the energy after step h: in a JEPA world model the distance of the predicted latent to the goal's; and C is what else a sequence
 * costs, 0 unless the problem has `costs` (`terms/`). The planner sees only `score(actions) → E`; the first k actions may be committed (they are being executed) and are the same in all candidates.
 *
 * **The search** (`CrossEntropySearch`; `Cem`, `Icem` and `Mppi` are settings of it). A normal distribution N(μ, σ²) per step and dimension:
 *
 * 1. *Sample* a = clip(μ + σ · ε). ε is white (CEM) or has power ∝ f^-β along the horizon (iCEM), unit variance a step.
 *    The first candidate is μ itself; in the first iteration the last plan and the best of its elites, shifted, are next.
 * 2. *Score* all candidates in one call.
 * 3. *Select* the K of lowest J among them and the elites kept from the iteration before (iCEM: the best 30 %).
 * 4. *Refit* μ ← m μ + (1-m) mean(elites), σ ← max(m σ + (1-m) std(elites), σ_min), with the momentum m. With CEM and iCEM the elites count alike, with
 *    MPPI elite k counts exp(-(J_k - J_1) / (τ (J_K - J_1))), with the temperature τ.
 * 5. Again with N/decay candidates (not below 2K), until the iterations or the time are up, or the elites agree: (J_K - J_1) < `agreement` · |J_1|.
 * 6. *Refine*, if told so: populations round the best sequence (`LocalRefinement`).
 *
 * The answer is the best sequence ever scored. So it is never worse than the warm start, than any mean that was scored, or than the answer
 * of fewer iterations with the same seed.
 *
 * **Deadline.** How long scoring, proposals and arithmetic take is measured, with how much longer they take at worst (`DurationEstimate`), and remembered from plan to plan. A
 * population is cut to what will be through in time, and not begun when that is fewer than 2K. Only the first is begun whatever is known, with a few
 * candidates if there is no time for more: an answer comes after it at the latest.
 *
 * **Width.** σ starts at `initialStd` of the box's half width, times the problem's `explorationScale`; so does σ_min. Near the goal a scale
 * below 1 spends the samples where they matter. Clipping lets mass gather on the bounds, which is wanted: far from the goal the best
 * action is often the largest.
 *
 * **Warm start.** After a plan `shift(n)` moves μ, the answer and the elites n steps on; μ repeats its last action, the
 * elites get a freshly drawn one. σ starts anew with every plan (iCEM does so): a narrow σ could not follow a goal that has moved.
 *
 * **Held dimensions** have one value over all free steps: a gripper that closes is one decision, not H of them.
 *
 * **Switched dimensions** are at one of their bounds and change over at most once: a gripper opens or closes at some step, and a Gaussian is
 * no distribution over that. They have one of their own, over the side they begin on and the step of the switch (`SwitchDistribution`).
 *
 * **Proposals.** Where the problem can `propose`, such as by a learned policy, a share of the first iteration's candidates is what it proposes instead
 * of samples. They are candidates like all others: the search goes on from them when they are among the best, and loses them when they are not.
 *
 * **Costs** are added to the energies of a population as soon as it is scored, and stay with a candidate as long as it is kept. They choose among
 * sequences; `stepEnergies` of the answer are the goal's alone.
 *
 * **What is not a number.** A candidate with a non-finite step energy or cost has J = ∞: it is no elite and never the answer. A proposal with a
 * non-finite action is left out.
 *
 * **When `score` or `propose` throws** the search throws `ScoreFailed` with the cause and the best plan so far; that plan also stays as the warm start.
 *
 * Sources: Williams et al., "Information theoretic MPC for model-based reinforcement learning", ICRA 2017; Rubinstein, "The cross-entropy method for combinatorial and continuous optimization", 1999; Pinneri et al., "Sample-efficient
 * Cross-Entropy Method for Real-time Planning", CoRL 2020; Timmer and König, "On generating power law noise", 1995.
 */
export { Cem, type CemOptions } from "./cem.js";
export { CrossEntropySearch, type CrossEntropyOptions, type PhaseTimings } from "./cross-entropy-search.js";
export { DurationEstimate } from "./duration-estimate.js";
export { Icem } from "./icem.js";
export { Mppi, type MppiOptions } from "./mppi.js";
export type { Objective } from "./objective.js";
export { ScoreFailed } from "./score-failed.js";
export * from "./terms/index.js";
export type { ActionBounds, CandidateCosts, Plan, PlanBudget, Planner, PlanProblem, ProposeSequences, ScoredPopulation, ScorePopulation, ScoreRollouts } from "./types.js";
