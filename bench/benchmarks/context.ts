/** What every part of the benchmarks is given. */
export interface Context {
  /** Folder of the bundle. */
  readonly bundle: string;
  /** Plans of each measurement. */
  readonly plans: number;
  /** Where pictures go, or undefined when none are wanted. */
  readonly images?: string;
  /** What is told while it goes on. */
  readonly say: (sentence: string) => void;
}

/** One part: its measurements as Markdown, with the name of each picture that it wrote into `images`. */
export interface Part {
  readonly name: string;
  readonly title: string;
  readonly run: (context: Context) => Promise<string>;
}
