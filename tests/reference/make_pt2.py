"""Small exported modules and what they compute.

    python tests/reference/make_pt2.py [CASE…]

writes tests/fixtures/pt2, whole or the cases named: for each case CASE.pt2, an archive of torch.export, and CASE.safetensors with

    input              [2, 3, 8, 8]
    logits             what the module returns, [2, K], or what it makes that of by a last softmax or sigmoid
    input_gradient     the gradient of the sum of all logits with respect to the input

`decomposed`: some of them after `run_decompositions()`; and `refused`: archives that must not load, each named after the reason. Every module gathers the results of many
operators in one row of logits, so that a wrong one shows in its place. The operators an archive holds are in the
metadata.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

FOLDER = Path(__file__).parent.parent / "fixtures" / "pt2"
SHAPE = (2, 3, 8, 8)


def gather(x: torch.Tensor, results: list[torch.Tensor]) -> torch.Tensor:
    """A few numbers of each result, as one row for each picture."""
    return torch.cat([result.reshape(x.shape[0], -1)[:, :6] for result in results], 1)


class Activations(nn.Module):
    def forward(self, x):
        x = x.flatten(1)[:, :6]
        positive = x.abs() + 0.5
        return torch.cat(
            [
                F.relu(x), F.relu6(3 * x), F.leaky_relu(x, 0.2), F.gelu(x), F.gelu(x, approximate="tanh"), F.silu(x),
                F.mish(x), torch.sigmoid(x), torch.tanh(x), F.hardtanh(x, -0.5, 0.7), F.hardswish(x), F.hardsigmoid(x),
                F.elu(x), F.selu(x), F.softplus(x), F.logsigmoid(x), torch.exp(x), torch.log(positive),
                torch.sqrt(positive), torch.rsqrt(positive), torch.reciprocal(positive), torch.square(x), -x,
                torch.erf(x), torch.sin(x), torch.cos(x), torch.floor(x),
            ],
            1,
        )


class Arithmetic(nn.Module):
    def forward(self, x):
        a, b = x.flatten(1)[:, :6], x.flatten(1)[:, 6:12]
        positive = a.abs() + 0.5
        flags = [a == b, a != 0, a > b, a >= 0.1, a < b, a <= 0.1, ~(a > b)]
        return torch.cat(
            [
                a + b, a + 2, a - b, a - 0.5, 1 - a, a * b, a * 3, a / positive, a / 4, positive**b, a**2, 2.5 / positive,
                torch.maximum(a, b), torch.minimum(a, b), a.clamp(-0.5, 0.5), a.clamp(min=0.0), a.clamp(max=0.1),
                a.masked_fill(b > 0, -100.0), a.masked_fill(b > 0, float("-inf")).exp(), torch.where(a > b, a, 2 * b),
                torch.zeros_like(a), torch.ones_like(a) * a, a * x.shape[0], *[flag.float() for flag in flags],
                a.masked_fill(b > 0, torch.tensor(7.0)),
            ],
            1,
        )


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.plain = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.grouped = nn.Conv2d(4, 8, 3, padding="same", dilation=2, groups=2, bias=False)
        self.valid = nn.Conv2d(8, 4, 2, padding="valid")
        self.norm = nn.BatchNorm2d(4, eps=1e-3)
        self.bare = nn.BatchNorm2d(8, affine=False)
        self.layer = nn.LayerNorm(4)
        self.naked = nn.LayerNorm(4, elementwise_affine=False)
        self.group = nn.GroupNorm(2, 8)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(4, 5)
        self.straight = nn.Linear(4, 2, bias=False)

    def forward(self, x):
        x = self.norm(self.plain(x))
        wide = self.bare(self.grouped(x))
        tokens = self.drop(self.valid(self.group(wide)).mean((2, 3)))
        return torch.cat([self.head(self.layer(tokens)), self.straight(self.naked(tokens)), wide.mean((2, 3))], 1)


class Pools(nn.Module):
    def forward(self, x):
        return gather(
            x,
            [
                F.max_pool2d(x, 2), F.max_pool2d(x, 3, 2, 1, ceil_mode=True), F.max_pool2d(x, 3, 1, 0, 2),
                F.avg_pool2d(x, 2), F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), F.avg_pool2d(x, 2, divisor_override=3),
                F.adaptive_avg_pool2d(x, (3, 2)), F.adaptive_avg_pool2d(x, 1), F.adaptive_max_pool2d(x, (2, 2)),
                F.avg_pool2d(x, 3, 2, ceil_mode=True),
            ],
        )


class Products(nn.Module):
    def __init__(self):
        super().__init__()
        self.mask = nn.Buffer(torch.tril(torch.ones(8, 8)).log())
        self.bias = nn.Parameter(torch.randn(8))
        self.square = nn.Parameter(torch.randn(8, 8))

    def forward(self, x):
        q, k, v = x, x.flip(3), x + 1
        rows = x.flatten(1)[:, :8]
        return gather(
            x,
            [
                q @ k.transpose(-2, -1), torch.bmm(x[:, 0], x[:, 1]), torch.addmm(self.bias, rows, self.square),
                torch.einsum("bchw,bcvw->bchv", q, k), torch.mm(rows, self.square.t()),
                F.scaled_dot_product_attention(q, k, v), F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask),
                F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.5),
            ],
        )


class Reductions(nn.Module):
    def forward(self, x):
        return gather(
            x,
            [
                x.mean((2, 3)), x.mean(1, keepdim=True), x.sum(2), x.sum((1, 3), keepdim=True), x.amax((2, 3)),
                x.max(3).values, x.var((2, 3)), x.var(1, unbiased=False), torch.linalg.vector_norm(x, dim=1),
                x.softmax(1), x.log_softmax(-1), x.cumsum(2), x / x.mean(), x.norm(dim=(2, 3)),
            ],
        )


class Layouts(nn.Module):
    def forward(self, x):
        n = x.shape[0]
        return gather(
            x,
            [
                x.view(n, 3, 64), x.reshape(n, 4, -1), x.flatten(2), x.unflatten(3, (2, 4)), x.permute(0, 2, 3, 1),
                x.transpose(1, 3), x.swapaxes(2, 3), x.unsqueeze(1), x[:, :1].squeeze(1), x[:, :1].squeeze(),
                x[:, :1].expand(-1, 5, -1, -1), x.repeat(1, 2, 1, 1), x.roll((1, -2), (2, 3)), x.flip(2),
                F.pad(x, (1, 2, 0, 1)), F.pad(x, (1, 1), value=3.0), F.pad(x, (2, 1, 1, 2), mode="reflect"),
                F.pad(x, (-1, 0, 2, 0), mode="replicate"), x.permute(0, 2, 3, 1).contiguous(), x.clone(), x.detach(),
                x.double().float(), F.pixel_unshuffle(x, 2), F.pixel_shuffle(F.pixel_unshuffle(x, 4), 2),
                F.interpolate(x, (5, 3), mode="bilinear"), F.interpolate(x, (5, 6), mode="bilinear", align_corners=True),
                F.interpolate(x, (3, 12), mode="nearest"), x.mT, x.movedim(1, 3), x[:, 0, 0].expand_as(x[:, 0, 1]),
            ],
        )


class Selections(nn.Module):
    def __init__(self):
        super().__init__()
        self.places = nn.Buffer(torch.tensor([2, 0, 1]))

    def forward(self, x):
        return gather(
            x,
            [
                x[:, 1], x.select(3, -2), x[:, :, 1:7:2], x[:, :, -3:], x[..., :-1], x[:, self.places],
                x[:, :, self.places, self.places], *x.chunk(2, 1), *x.chunk(3, 2)[1:], *x.split(3, 2), *x.split([1, 5, 2], 3),
                *x.unbind(1), torch.cat([x, x[:, :1]], 1), torch.stack([x[:, 0], x[:, 2]], 1), x.narrow(2, 3, 2),
            ],
        )


class Creations(nn.Module):
    def forward(self, x):
        n = x.shape[0]
        rows = torch.arange(8, dtype=torch.float32)
        grid = torch.arange(0, 16, 2).reshape(1, 8) + torch.zeros(1, 8)
        made = [
            x[:, 0] * rows, grid.expand(n, -1), torch.full((n, 2), 1.5), torch.ones(n, 2), x.new_zeros(n, 2),
            x.new_full((n, 2), 2.0), x.new_ones(n, 2), torch.full((n, 1), 3).float(), torch.arange(0.0, 1.0, 0.25).repeat(n, 1),
        ]
        return gather(x, made)


class Kinds(nn.Module):
    """Where the kind of numbers decides what an operator does."""

    def __init__(self):
        super().__init__()
        self.counts = nn.Buffer(torch.arange(1, 7))

    def forward(self, x):
        a = x.flatten(1)[:, :6]
        low, high = a > 0.1, a > 0.3
        whole = (3 * a).to(torch.int64)
        copied = a.clone()
        copied.copy_(high)
        return torch.cat(
            [
                a * (low.type_as(a) + high.type_as(a)), 1 - high.type_as(a), a * (low.to(a) + high.to(a)),
                low.float() + high, (low + high).float(), (low * high).to(torch.float32), a * low, whole / self.counts,
                (whole * self.counts).float(), whole + 0.5, a * whole, a + self.counts, low.sum(1, keepdim=True) * a,
                low.mean(1, keepdim=True, dtype=torch.float32) * a, low.sum(1, keepdim=True, dtype=torch.float32) * a,
                whole.softmax(1, dtype=torch.float32), whole.cumsum(1, dtype=torch.float32), whole.cumsum(1).float(),
                torch.zeros_like(whole, dtype=torch.float32) + 0.5, torch.ones_like(low) + a,
                torch.full_like(whole, 2.5, dtype=torch.float32), a.new_full((a.shape[0], 2), 3, dtype=torch.int64) / 2,
                torch.full((a.shape[0], 2), True).float(), torch.arange(6, device=a.device) * a, copied,
                a.double().mean(1, keepdim=True).float() * a, torch.add(a, whole, alpha=2),
                torch.sub(a, a * a, alpha=0.5), (whole > self.counts).type_as(whole).float(),
            ],
            1,
        )


class Head(nn.Module):
    """A network that ends as subclasses do; the references are of the logits."""

    classes = 5

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, self.classes)

    def logits(self, x):
        return self.fc(x.mean((2, 3)))

    def forward(self, x):
        return self.squash(self.logits(x))


class Softmax(Head):
    def squash(self, z):
        return z.softmax(1)


class LogSoftmax(Head):
    def squash(self, z):
        return F.log_softmax(z, -1).contiguous()


class Logarithm(Head):
    def squash(self, z):
        return z.softmax(1).clamp(min=1e-6).log()


class OneSigmoid(Head):
    classes = 1

    def squash(self, z):
        return torch.sigmoid(z)


class Sigmoids(Head):
    """A map of probabilities that is flattened afterwards."""

    def squash(self, z):
        return torch.sigmoid(z[:, :, None, None]).flatten(1)


class Ensemble(Head):
    """A mean of probabilities, behind which there are no logits."""

    def squash(self, z):
        return (z.softmax(1) + (2 * z).softmax(1)) / 2


class Pair(Head):
    """Both probabilities of a sigmoid."""

    classes = 1

    def squash(self, z):
        p = torch.sigmoid(z)
        return torch.cat([1 - p, p], 1)


class Batch(nn.Module):
    """Each picture less half the mean of all."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)

    def forward(self, x):
        f = self.fc((x * x).mean((2, 3)))
        return f - 0.5 * f.mean(0, keepdim=True)


class Norm(nn.Module):
    """All numbers of the batch, over their length."""

    def forward(self, x):
        y = x.flatten(2).mean(2)
        return y / y.norm()


class Shuffled(nn.Module):
    """Channels that come before pictures when both are cut into rows again."""

    def forward(self, x):
        return x.transpose(0, 1).contiguous().flatten().unflatten(0, (-1, 192))[:, 60:70]


class ByName(nn.Module):
    """Operators that have no form of their own in Reglet, and are called by libtorch's schemas."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.rand(3))
        self.kernel = nn.Parameter(torch.randn(3, 2, 2, 2))
        self.table = nn.Embedding(10, 4)
        self.places = nn.Buffer(torch.tensor([1, 7, 3]))
        self.conv1 = nn.Conv1d(24, 4, 3, padding=1)
        self.conv3 = nn.Conv3d(3, 2, (1, 3, 3))
        self.transposed = nn.ConvTranspose2d(3, 2, 3, stride=2, output_padding=1)
        self.instance = nn.InstanceNorm2d(3, affine=True)
        self.rms = nn.RMSNorm(8)
        self.weight = torch.nn.utils.weight_norm(nn.Linear(8, 3))

    def forward(self, x):
        n = x.shape[0]
        flat = x.flatten(2)
        positive = x.abs() + 0.5
        rows, columns = torch.meshgrid(torch.arange(8.0), torch.linspace(-1, 1, 8), indexing="ij")
        values, order = x.flatten(1).topk(3, dim=1)
        variance, mean = torch.var_mean(x, dim=(2, 3))
        low, high = flat.sort(dim=2, descending=True)
        mask = (x > 0.1) & (x < 0.5) | ~(x > -0.2)
        return gather(
            x,
            [
                F.adaptive_avg_pool1d(flat, 5), F.avg_pool1d(flat, 3, 2), F.max_pool1d(flat, 4), F.adaptive_max_pool1d(flat, 3),
                F.avg_pool3d(x.unsqueeze(1), (1, 2, 2)), self.conv1(x.flatten(1, 2)), self.conv3(x.unsqueeze(2)),
                self.transposed(x), x * self.table(self.places).sum(), x * rows + columns,
                F.interpolate(x, scale_factor=2, mode="nearest"), F.interpolate(x, scale_factor=1.7, mode="bilinear"),
                F.interpolate(x, (5, 5), mode="bicubic"), F.interpolate(x, (5, 5), mode="bilinear", antialias=True),
                F.interpolate(x, (5, 5), mode="nearest-exact"), F.interpolate(flat, 20, mode="linear"),
                torch.div(x, 0.3, rounding_mode="floor"), torch.div(x, positive, rounding_mode="trunc"), x % 0.4,
                x.repeat_interleave(2, 1), F.unfold(x, 3), x.unfold(2, 3, 2), torch.addcmul(x, x, positive, value=0.5),
                torch.addcdiv(x, x, positive), F.conv2d(x, F.batch_norm(self.kernel.reshape(1, 3, 8), None, None, training=True).reshape(3, 2, 2, 2)[:, :1], groups=3),
                F.prelu(x, self.slope), F.celu(x, 1.3), F.glu(x.unflatten(3, (2, 4)), 3), F.elu(x, 0.7), F.softplus(x, 2.0),
                F.softsign(x), F.hardshrink(x), F.softshrink(x), F.tanhshrink(x), F.threshold(x, 0.1, 0.2),
                self.instance(x), self.rms(x), self.weight(x), variance, mean, x.logsumexp((2, 3)), x.std((2, 3)), x.prod(3),
                values, order.float(), low, x.argmax(3).float(), x.amin(3), x.min(3).values, x.max(3).indices.float(), x.median(3).values,
                x.tril(), x.triu(1), x.round(), x.ceil(), x.trunc(), x.sign(), x.frac(), x.log1p().nan_to_num(), positive.log2(),
                x.expm1(), positive.log10(), x.tan(), x.sinh(), x.cosh(), x.atan(), torch.atan2(x, positive), x.erf(), x.sigmoid().logit(),
                positive.lgamma(), positive ** 0.5, 2.0**x, torch.pow(2, x), mask.float(), torch.logical_and(x > 0, x < 1).float(),
                torch.logical_xor(x > 0, x < 1).float(), torch.where(mask, x, 0.0), torch.where(mask, 1.0, x), x.clamp(min=torch.zeros_like(x)),
                F.normalize(x, dim=1), x.norm(p=1, dim=1), torch.linalg.vector_norm(x, ord=3, dim=1), torch.cdist(flat, flat), F.cosine_similarity(x, positive),
                torch.gather(flat, 2, high), flat.index_select(2, self.places), x.gather(3, x.argsort(3)), x.cumprod(3), x.diff(dim=3),
                torch.roll(x, 1, 2), F.pad(x, (1, 1, 1, 1), mode="circular"), F.channel_shuffle(x.repeat(1, 2, 1, 1), 2), F.one_hot(x.argmax(3), 8).float(),
                torch.baddbmm(x[:, 0], x[:, 1], x[:, 2], beta=0.5), torch.tensordot(x, self.kernel[:, 0, 0], dims=([1], [0])), x.diagonal(dim1=2, dim2=3),
                torch.outer(self.slope, self.slope).expand(n, 3, 3), x.flatten(1).unflatten(1, (-1, 4)), x.tile(1, 1, 2, 1),
                F.grid_sample(x, torch.stack([columns, rows / 8], 2).expand(n, 8, 8, 2), align_corners=False), F.local_response_norm(x, 2), F.pixel_shuffle(x.repeat(1, 4, 1, 1), 2),
                F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2), F.lp_pool2d(positive, 2, 2), F.fold(F.unfold(x, 2), (8, 8), 2),
                torch.add(x, positive, alpha=0.3), torch.rsub(x, positive, alpha=2), x.lerp(positive, 0.3), torch.stack(x.tensor_split(2, 3), 4), x.hypot(positive), x.rot90(1, (2, 3)),
            ],
        )


class InPlace(nn.Module):
    """In-place operators whose effect must be seen, through names and views, and no further."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.shift = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x):
        y = self.conv(x)
        before = y.clone()
        half = y[:, :2]
        rows = y.transpose(1, 2)
        y.add_(self.shift)  # half and rows see this, and the copy does not
        flat = y.view(y.shape[0], -1)
        flat.sub_(0.25)  # so does y
        self.relu(y)  # whose name means the rectified values from here on
        canvas = torch.zeros(8, 8)
        canvas[2:6, 2:6] = 1.0
        canvas[0] += 2.0
        canvas.t()[1].mul_(3.0)
        canvas.view(4, 16)[3].sub_(1.0)
        canvas[:, 7].fill_(5.0)
        pair = x.new_zeros(x.shape[0], 2, 4)
        pair[:, 0] = y[:, 0, 0, :4]
        pair.narrow(1, 1, 1).copy_(pair[:, :1] * 2)
        return gather(x, [y, before, half, rows, y * canvas, pair, canvas[2:6].expand(x.shape[0], 4, 8).flatten(1), flat, F.dropout(y, 0.5, False)])


class Weights(nn.Module):
    """Weights that share memory, begin in the middle of it, or lie across it; and kinds of numbers."""

    def __init__(self):
        super().__init__()
        self.tied = nn.Linear(8, 8, bias=False)
        self.again = nn.Linear(8, 8, bias=False)
        self.again.weight = self.tied.weight
        whole = torch.randn(40)
        self.register_buffer("early", whole[:8])
        self.register_buffer("late", whole[20:28])
        self.register_buffer("across", torch.randn(8, 4).t())
        self.register_buffer("coarse", torch.randn(8).half())
        self.register_buffer("rough", torch.randn(8).bfloat16())
        self.register_buffer("exact", torch.randn(8, dtype=torch.float64))
        self.register_buffer("flags", torch.tensor([True, False, True, True, False, False, True, False]))
        self.register_buffer("small", torch.arange(8, dtype=torch.int32))
        self.register_buffer("never", torch.tensor(3.0))

    def forward(self, x):
        rows = x[:, 0, 0]
        made = [
            self.tied(rows), self.again(rows + 1), rows * self.early, rows * self.late, rows @ self.across.t(),
            rows * self.coarse.float(), rows * self.rough.float(), rows * self.exact.float(), rows.masked_fill(self.flags, 0.0),
            rows * self.small,
        ]
        return gather(x, made)


class Windows(nn.Module):
    """Sizes that follow from the number of pictures: windows beside one another in the batch, as in Swin."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(3)

    def forward(self, x):
        n = x.shape[0]
        tokens = x.permute(0, 2, 3, 1).reshape(n, 2, 4, 2, 4, 3).permute(0, 1, 3, 2, 4, 5).reshape(n * 4, 16, 3)
        tokens = self.norm(tokens)
        scores = (tokens @ tokens.transpose(1, 2)).softmax(-1)
        joined = (scores @ tokens).view(n, 4, 16, 3)
        return joined.mean((1, 2))


class Open(nn.Module):
    """Height and width left open as well."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x):
        y = self.conv(x)
        n, c, h, w = y.shape
        flat = y.view(n, c, h * w)
        return torch.cat([flat.mean(2), y.amax((2, 3)) * (h * w), y[:, :, 1:].reshape(n, c, (h - 1) * w).sum(2)], 1)


class Twice(nn.Module):
    """A module called twice, one of several calls, and what nobody needs."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.relu = nn.ReLU()
        self.attn = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        unused = torch.fft.fft(x[:, 0]).real
        x = self.relu(self.conv(self.relu(self.conv(x))))
        tokens = x.mean(1)
        unused = unused + 1
        tokens, _ = self.attn(tokens, tokens, tokens, need_weights=False)
        return self.head(tokens.mean(1))


class Regions(nn.Module):
    """Parts without gradients, with them again inside, of other precision, and one that returns what it is given."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4, 6)

    def forward(self, x):
        y = self.conv(x)
        with torch.no_grad():
            scale = y.mean((2, 3)).sigmoid()
            same = y
            with torch.enable_grad():
                inside = self.head(y.mean((2, 3)))
                both = inside * scale.sum(1, keepdim=True)
            view = y[:, 1:3].flatten(1)
            ones = torch.ones_like(y)
            ones[:, :2] = 0.5
        with torch.autocast("cpu", enabled=False):
            tokens = y.flatten(2).transpose(1, 2).reshape(2 * x.shape[0], 32, 4)
            tokens = tokens.softmax(1).reshape(x.shape[0], 64, 4).mean(1)
        with torch.set_grad_enabled(True):
            tokens = tokens + 1
        return gather(x, [y.mean((2, 3)) * scale, same * ones, inside, both, view * y.flatten(1)[:, :128], self.head(tokens)])


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 5, batch_first=True, bidirectional=True)
        self.deep = nn.LSTM(8, 4, num_layers=2, dropout=0.3, batch_first=True)
        self.gru = nn.GRU(8, 5, bias=False, batch_first=True)
        self.plain = nn.RNN(8, 3, nonlinearity="relu", batch_first=True)
        self.columns = nn.RNN(6, 3)
        self.cell = nn.LSTMCell(8, 4)

    def forward(self, x):
        rows = x[:, 0]
        out, (hidden, _) = self.lstm(rows)
        first = torch.zeros(x.shape[0], 4)
        columns, _ = self.columns(x[..., :6].sum(1).transpose(0, 1))
        cell, _ = self.cell(rows[:, 0], (first, first + 1))
        return gather(
            x,
            [
                out, hidden.transpose(0, 1), self.deep(rows)[0], self.gru(rows)[0][:, -1], self.plain(rows)[0][:, 3],
                columns[-1], cell,
            ],
        )


class Alone(nn.Module):
    """One picture at a time: a shape in it is of one."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        tokens = self.conv(x).reshape(1, 4, 64)
        return self.head(tokens.softmax(2).mul(tokens).sum(2))


class Still(nn.Module):
    """What looks like training and changes nothing: no share dropped, weights standardised, no dropout between layers."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3, 3, 3))
        self.lstm = nn.LSTM(4, 3, batch_first=True)
        self.lstm.training = True

    def forward(self, x):
        standard = F.batch_norm(self.weight.reshape(1, 4, -1), None, None, training=True, momentum=0.0, eps=1e-6)
        x = F.dropout(F.conv2d(x, standard.reshape(4, 3, 3, 3)), 0.0)
        rows = torch.lstm(x.mean(2).transpose(1, 2), (torch.zeros(1, x.shape[0], 3), torch.zeros(1, x.shape[0], 3)), self.lstm._flat_weights, True, 1, 0.0, True, False, True)
        return torch.cat([x.mean((2, 3)), rows[0][:, -1]], 1)


class Pooled(nn.Module):
    """Tokens pooled to one, which decompositions say where to find in the memory."""

    def __init__(self):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.norm = nn.LayerNorm(4)
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x):
        x = self.conv(x)
        tokens = self.norm(x.flatten(2).transpose(1, 2))
        return torch.cat([self.pool(tokens.transpose(1, 2)).flatten(1), F.adaptive_avg_pool2d(torch.cat([x, 2 * x], 1), 1).flatten(1)], 1)


class Turned(nn.Module):
    """Norms of what does not lie in memory in the order of its dimensions."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.GroupNorm(2, 4)

    def forward(self, x):
        a, b = self.conv(x).split(4, 1)
        return torch.cat([self.norm(a), self.norm(b.transpose(2, 3))], 1).exp().mean((2, 3))


class Checked(nn.Module):
    """Checks its own numbers, by a size that depends on them and that nothing else reads."""

    def __init__(self):
        super().__init__()
        self.register_buffer("sides", torch.tensor([2, 3]))

    def forward(self, x):
        torch._check_tensor_all((self.sides > 0).all())
        return (x * self.sides.prod()).mean((2, 3))


class Dropping(nn.Module):
    """Drops in evaluation too."""

    def forward(self, x):
        return F.dropout(x.mean((2, 3)), 0.3)


CASES = {
    "activations": Activations,
    "arithmetic": Arithmetic,
    "layers": Layers,
    "pools": Pools,
    "products": Products,
    "reductions": Reductions,
    "layouts": Layouts,
    "selections": Selections,
    "creations": Creations,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
    "logarithm": Logarithm,
    "one_sigmoid": OneSigmoid,
    "sigmoids": Sigmoids,
    "by_name": ByName,
    "batch": Batch,
    "norm": Norm,
    "shuffled": Shuffled,
    "kinds": Kinds,
    "in_place": InPlace,
    "weights": Weights,
    "windows": Windows,
    "open": Open,
    "twice": Twice,
    "regions": Regions,
    "recurrent": Recurrent,
    "alone": Alone,
    "still": Still,
    "pooled": Pooled,
    "turned": Turned,
    "checked": Checked,
}

# In which the answer for a picture depends on the others in its batch. Their references are of pictures by themselves.
DEPENDENT = ("arithmetic", "reductions", "batch", "norm", "shuffled")

# Exported for one picture.
ALONE = ("alone",)

# Saved a second time, in the operators that torch.export's decompositions leave; they leave no detach, so neither the layouts nor
# the regions.
DECOMPOSED = ("pooled", "turned", "checked", "activations", "kinds", "layers", "pools", "products", "reductions", "selections", "windows", "twice", "by_name")


class Fourier(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = Mix()

    def forward(self, x):
        return self.mix(x).mean((2, 3))


class Mix(nn.Module):
    def forward(self, x):
        return torch.fft.fft2(x).real


class TwoResults(nn.Module):
    def forward(self, x):
        return x.mean((2, 3)), x.amax((2, 3))


class Pixels(nn.Module):
    def forward(self, x):
        return x * 2


class LostTwice(nn.Module):
    """The same through a second view that may be a copy."""

    def forward(self, x):
        y = x * 2
        z = y.reshape(x.shape[0], -1).reshape(x.shape[0], 3, -1)
        z.mul_(3)
        return y.mean((2, 3))


class Lost(nn.Module):
    """A change in what may be a copy or not."""

    def forward(self, x):
        y = x * 2
        z = y.reshape(x.shape[0], -1)
        z.mul_(3)
        return y.mean((2, 3))


def main() -> None:
    (FOLDER / "refused").mkdir(parents=True, exist_ok=True)
    (FOLDER / "decomposed").mkdir(exist_ok=True)
    for name in sys.argv[1:] or [*CASES, "refused"]:
        refused() if name == "refused" else write(name, CASES[name])


def write(name: str, case: type[nn.Module]) -> None:
    torch.manual_seed(0)
    model = case()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
    model.eval()
    x = torch.randn(SHAPE)
    dynamic = {0: torch.export.Dim("batch")}
    if name == "open":
        dynamic |= {2: torch.export.Dim("height", min=4), 3: torch.export.Dim("width", min=4)}
    program = export(model, x[:1] if name in ALONE else x, None if name in ALONE else dynamic)
    save(program, name)
    if name in DECOMPOSED:
        save(program.run_decompositions(), f"decomposed/{name}")
    operators = sorted({str(node.target) for node in program.graph.nodes if node.op == "call_function"})
    x = x.requires_grad_()
    answer = getattr(model, "logits", model)
    logits = torch.cat([answer(row) for row in x.split(1)]) if name in DEPENDENT + ALONE else answer(x)
    (gradient,) = torch.autograd.grad(logits.sum(), x)
    tensors = {"input": x.detach(), "logits": logits.detach(), "input_gradient": gradient}
    if name == "open":
        # A size other than the one it was exported at.
        other = torch.randn(3, 3, 10, 7)
        tensors |= {"other": other, "other_logits": model(other).detach()}
    tensors = {key: tensor.contiguous() for key, tensor in tensors.items()}
    save_file(tensors, FOLDER / f"{name}.safetensors", {"reference": json.dumps({"operators": operators})})


def refused() -> None:
    x = torch.randn(SHAPE)
    dynamic = {0: torch.export.Dim("batch")}
    save(export(Pools().eval(), x, None), "refused/fixed-batch")
    save(export(Fourier().eval(), x, dynamic), "refused/unknown-operator")
    save(export(TwoResults().eval(), x, dynamic), "refused/two-results")
    save(export(LostTwice().eval(), x, dynamic), "refused/lost-twice")
    save(export(Pixels().eval(), x, dynamic), "refused/not-logits")
    save(export(Layers().train(), x, dynamic), "refused/in-training")
    save(export(Lost().eval(), x, dynamic), "refused/lost-alias")
    save(export(Pools().eval(), x[:, :2], dynamic), "refused/two-channels")
    save(export(Ensemble().eval(), x, dynamic), "refused/ensemble")
    save(export(Pair().eval(), x, dynamic), "refused/pair")
    save(export(Dropping().eval(), x, dynamic), "refused/dropping")


def export(model: nn.Module, x: torch.Tensor, dynamic) -> torch.export.ExportedProgram:
    program = torch.export.export(model, (x,), dynamic_shapes=None if dynamic is None else (dynamic,))
    # Where each call stands in the source, with paths of the machine, is nobody's business.
    for node in program.graph.nodes:
        for key in ("stack_trace", "torch_fn", "from_node"):
            node.meta.pop(key, None)
    return program


def save(program: torch.export.ExportedProgram, name: str) -> None:
    torch.export.save(program, FOLDER / f"{name}.pt2")


if __name__ == "__main__":
    main()
