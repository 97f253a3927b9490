import type { EpisodeEvent, EpisodeHeader, EpisodeOutcome, EpisodeStep } from "./episode.js";

/** Where an episode goes while it is lived: begin, then steps and events, then end. Calls do not wait and do not throw. */
export interface EpisodeSink {
  begin(header: EpisodeHeader): void;
  /** @param step its picture is lent, all else is given. */
  step(step: EpisodeStep): void;
  event(event: EpisodeEvent): void;
  end(outcome: EpisodeOutcome): void;
}
