/** What was done before in like cases, and went well. */
export interface RememberedPlans {
  /**
   * Sequences for a search to look at, row-major [k, horizon, actionDim]; k may be 0. Never rejects: whoever plans can do without.
   * @param latent and @param goal [latentDim].
   */
  near(latent: Float32Array, goal: Float32Array): Promise<Float32Array>;
  /** Takes up what is new. Never rejects. */
  update(): Promise<void>;
}
