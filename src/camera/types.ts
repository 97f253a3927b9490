/** An 8-bit RGB picture, rows from the top, `data` of length height * width * 3. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}
