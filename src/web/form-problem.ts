import { Conflict, Invalid } from '#domain/errors.ts';
import type { WebContext } from '#web/site.ts';

export interface Problem {
  /** The field it is about; '' for the whole form. */
  field: string;
  message: string;
}

/** What to say of a refusal, in the person's language. @throws the error itself where it is not about what was typed. */
export function problemWith(http: WebContext, error: unknown): Problem {
  const { invalid } = http.state.visit.t;
  if (error instanceof Conflict) return { field: '', message: invalid.taken };
  if (!(error instanceof Invalid)) throw error;
  const known = error.field in invalid ? (error.field as keyof typeof invalid) : 'other';
  return { field: error.field, message: invalid[known] };
}

/** Per field, what templates show: the message where it is wrong, '' elsewhere. */
export function errorsOf<F extends string>(fields: readonly F[], problem: Problem | undefined): Record<F, string> {
  return Object.fromEntries(fields.map((field) => [field, problem?.field === field ? problem.message : ''])) as Record<
    F,
    string
  >;
}
