import { isMurmurError, type Refused, refuse } from '@murmuration/core';

/** Families of what can be wrong with a job's data and wishes; everything else is a fault of ours. */
const FAMILIES = ['DATA_', 'PLAN_', 'OPTION_', 'PRIVACY_', 'PRIVATE_'];

/** @returns the refusal that a person reads, with the error's code as its reason. @throws what is no fault of the job */
export function jobRefusal(error: unknown): Refused {
  if (!isMurmurError(error) || !FAMILIES.some((family) => error.code.startsWith(family))) throw error;
  const remedy = error.remedy === undefined ? '' : `; ${error.remedy}`;
  return refuse(error.code, `${error.message}${remedy}`);
}
