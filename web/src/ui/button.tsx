import type { ComponentProps, ReactNode } from "react";
import styles from "./button.module.css";
import { classNames } from "./class-names.ts";

/** For what looks like a button and is none: a link, a summary. */
export const buttonClass = styles.button;
export const iconButtonClass = styles.iconButton;

type ButtonProps = Omit<ComponentProps<"button">, "children"> & Required<Pick<ComponentProps<"button">, "children">>;

/** A press that does something; `primary` is the one that a form is for. */
export function Button({ primary = false, className, ...rest }: ButtonProps & { readonly primary?: boolean }) {
  const look = classNames(styles.button, primary ? styles.primary : undefined, className);
  return <button type="button" {...rest} className={look} />;
}

/** A button of a single icon; what it does is its `aria-label`. */
export function IconButton({
  small = false,
  ...rest
}: Omit<ButtonProps, "className"> & { readonly small?: boolean; readonly "aria-label": string | undefined }) {
  return <button type="button" {...rest} className={classNames(styles.iconButton, small ? styles.small : undefined)} />;
}

/** A button within text. */
export function LinkButton(props: Omit<ButtonProps, "className">) {
  return <button type="button" {...props} className={styles.link} />;
}

/** A press that turns something on, and off again. */
export function ToggleButton({
  pressed,
  title,
  className,
  onPress,
  children,
}: {
  readonly pressed: boolean;
  readonly className?: string | undefined;
  readonly title?: string;
  readonly onPress: () => void;
  readonly children: ReactNode;
}) {
  return (
    <button
      type="button"
      className={classNames(styles.button, styles.toggle, className)}
      aria-pressed={pressed}
      title={title}
      onClick={onPress}
    >
      {children}
    </button>
  );
}
