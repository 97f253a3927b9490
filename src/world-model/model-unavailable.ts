/**
 * The model cannot be asked just now, and may well be asked again later: what runs it is lost, slow, still loading, or has another model. The message is one
 * sentence without its full stop, which says what runs it and what is wrong.
 */
export class ModelUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ModelUnavailable";
  }
}

/** The reason that is a ModelUnavailable, if an error or one of its causes is: a search wraps what its model throws. */
export function unavailability(error: unknown): ModelUnavailable | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ModelUnavailable) return at;
  }
  return undefined;
}
