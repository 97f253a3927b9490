export { BagError } from "./bag-error.js";
export type { Bag } from "./bag.js";
export { isBag, openBag } from "./open-bag.js";
export { choosePictureTopic, pictureAt, pictureOf, pictureTopics } from "./pictures.js";
export type { BagMessage, BagSpan, BagTopic } from "./types.js";
