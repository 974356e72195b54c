// The code of a slip comes after «#» in the address of its QR code: no server and no log sees it.
// It goes into its box, and out of the address and its history.
const box = document.querySelector("[data-slip-code]");
const code = decodeURIComponent(location.hash.slice(1));
if (box && code) {
  box.value = code;
  history.replaceState(null, "", location.pathname);
  document.querySelector("[name=password1]").focus();
}
