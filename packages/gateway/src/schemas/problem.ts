import Type from 'typebox';
import { object, text } from './parts.ts';

/** RFC 9457 problem details, with our stable code and what to do. */
export const ProblemSchema = object(
  'Problem',
  {
    type: text('the code as a URN'),
    title: text('what kind of problem, the same for every occurrence'),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: text('what is wrong here, with names and values'),
    instance: text('path of the request'),
    code: text('stable; each has a paragraph in docs/errors.md'),
    remedy: Type.Optional(text('what to do')),
    facts: Type.Optional(
      Type.Record(Type.String(), Type.Unsafe<string | number | boolean>({ type: ['string', 'number', 'boolean'] })),
    ),
  },
  'RFC 9457 problem details.',
);
