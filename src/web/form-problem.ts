import { Conflict, Invalid } from '#domain/errors.ts';
import type { WebContext } from '#web/site.ts';

export interface Problem {
  /** The field it is about; '' for the whole form. */
  field: string;
  message: string;
}

/** All there is to say of a refusal, in the person's language. @throws the error itself where it is not about what was typed. */
export function problemsWith(http: WebContext, error: unknown): Problem[] {
  const { t, format } = http.state.visit;
  const { invalid } = t;
  if (error instanceof Conflict) return [{ field: error.field, message: invalid.taken }];
  if (!(error instanceof Invalid)) throw error;
  return error.all.map(({ field, reason, length, at }) => {
    const message =
      reason in invalid.messages ? invalid.messages[reason as keyof typeof invalid.messages] : invalid.other;
    const where = at === undefined ? '' : invalid.at(format.number(at));
    const measured = length === undefined ? '' : ` ${invalid.measured(format.number(length))}`;
    return { field, message: where + message + measured };
  });
}

/** What templates show of the problems with a form. */
export interface FormErrors<F extends string> {
  /** Per field the message, '' where it is right. */
  errors: Record<F, string>;
  /** The first wrong field, where correcting begins; '' if it is none of them. */
  first: F | '';
  isRefused: boolean;
  /** What is about no field. */
  error: string;
}

export function errorsOf<F extends string>(fields: readonly F[], problems: readonly Problem[] = []): FormErrors<F> {
  const of = (field: F) => problems.find((problem) => problem.field === field)?.message ?? '';
  const errors = Object.fromEntries(fields.map((field) => [field, of(field)])) as Record<F, string>;
  const others = problems.filter(({ field }) => !Object.hasOwn(errors, field));
  return {
    errors,
    first: fields.find((field) => errors[field] !== '') ?? '',
    isRefused: problems.length > 0,
    error: others.map(({ message }) => message).join(' '),
  };
}
