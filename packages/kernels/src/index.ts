export { addMasks, type Mask } from './masks/add-masks.ts';
export { addWords, subtractWords } from './masks/words.ts';
export { median, trimmedMean, trimmedMeanOfMixtures } from './robust/coordinate-wise.ts';
export { gram, squaredDistance } from './robust/gram.ts';
export { checkFinite, checkRows, checkSameLength, firstNonFinite, type Vector } from './vectors/check.ts';
export { axpy, dot, norm, scaleInPlace, subtract, weightedSum } from './vectors/vectors.ts';
