/** A bundle was refused. The message is one line: which bundle, which field or file, what is there, and what to do. */
export class BundleError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BundleError";
  }
}
