/** Terms of the objective out of parameters: built-in ones by their weights, and those that users write as expressions or modules. */
export { createTerms, type TermConfig, type TermsConfig } from "./create-terms.js";
export { userTermLines, type UserTermLine } from "./user-term-lines.js";
