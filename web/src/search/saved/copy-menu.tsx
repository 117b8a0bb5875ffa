import { useState } from "react";
import { Button } from "../../ui/button.tsx";
import { copyText } from "../../ui/copy-text.ts";
import { Menu } from "../../ui/menu.tsx";
import type { SearchParams } from "../params/search-params.ts";
import { commandOf, curlOf, traceqlOf } from "./copies.ts";

/** Copies the search for other places: as a query, a request, a command, a link. */
export function CopySearch({ params }: { readonly params: SearchParams }) {
  const [said, setSaid] = useState("Copy");
  const base = new URL(".", document.baseURI).href;
  const copy = async (text: string) => setSaid((await copyText(text)) ? "Copied" : "The browser refused");
  return (
    <Menu label="Copy this search" caption={said}>
      <Button onClick={() => void copy(traceqlOf(params))}>As TraceQL</Button>
      <Button onClick={() => void copy(commandOf(params, base))}>As a command</Button>
      <Button onClick={() => void copy(curlOf(params, base, Date.now()))}>As curl</Button>
      <Button onClick={() => void copy(location.href)}>Link</Button>
    </Menu>
  );
}
