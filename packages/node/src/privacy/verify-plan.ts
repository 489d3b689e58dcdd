import { type Verification, verifyGuarantees } from '@murmuration/privacy';
import { readPlanFile } from './plan-file.ts';

export type VerifiedPlan = Verification;

/** Proves or refuses that the plan of a file keeps (ε, δ). @throws what `readPlanFile` throws, OPTION_OUT_OF_RANGE */
export function verifyPlan(
  path: string,
  guarantee: { readonly epsilon: number; readonly delta: number; readonly population?: number },
): VerifiedPlan {
  return verifyGuarantees(readPlanFile(path), guarantee);
}
