import { engineConformance } from '../conformance/suite.ts';
import { hotstuff2Protocol } from './protocol.ts';

engineConformance('HotStuff-2', hotstuff2Protocol('hash'));
