/** Why a bag cannot be read, in one line that begins with its file. */
export class BagError extends Error {
  override readonly name = "BagError";
}
